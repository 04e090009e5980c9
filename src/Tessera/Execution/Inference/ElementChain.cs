using System.Numerics;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Inference;

/// <summary>Puts functions of each element together that one pass can do: neighbouring constants, and a gate with the constants behind it.</summary>
internal static class ElementChain
{
    /// <summary>The same functions, in fewer passes.</summary>
    public static IReadOnlyList<IElementwise<T>> Of<T>(IEnumerable<IElementwise<T>> functions)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var chain = new List<IElementwise<T>>();
        var numbers = new List<NumberFunction<T>>();
        foreach (var function in functions)
        {
            if (function is NumberFunction<T> number)
            {
                numbers.Add(number);
                continue;
            }

            Close(chain, numbers);
            chain.Add(function);
        }

        Close(chain, numbers);
        return chain;
    }

    /// <summary>x times functions of x.</summary>
    public static IElementwise<T> Gate<T>(IReadOnlyList<IElementwise<T>> functions)
        where T : unmanaged, IFloatingPointIeee754<T> => Of(functions) switch
        {
            [{ IsRectifier: true, Bound: { } bound }] => new HardGateFunction<T>(null, bound, null),
            [LineFunction<T> line, { IsRectifier: true, Bound: { } bound }] => new HardGateFunction<T>(line, bound, null),
            var chain => new GateFunction<T>(chain),
        };

    private static void Close<T>(List<IElementwise<T>> chain, List<NumberFunction<T>> numbers)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (numbers.Count == 0) return;
        var line = new LineFunction<T>(numbers);
        numbers.Clear();
        if (chain is [.., HardGateFunction<T> gate]) chain[^1] = new HardGateFunction<T>(gate.Inner, gate.Most, line);
        else chain.Add(line);
    }
}
