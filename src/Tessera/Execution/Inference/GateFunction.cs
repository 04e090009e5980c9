using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Execution.Layers;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Inference;

/// <summary>x · f(x), where f is a chain of functions: how models write Swish and its kin.</summary>
internal sealed class GateFunction<T>(IReadOnlyList<IElementwise<T>> functions) : IElementwise<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly IElementwise<T>[] functions = [.. functions];

    public bool IsRectifier => false;

    public T? Bound => null;

    [SkipLocalsInit]
    public void Apply(Span<T> values)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (; values.Length > 0; values = values[Math.Min(Chunks.Elements, values.Length)..])
        {
            var x = values[..Math.Min(Chunks.Elements, values.Length)];
            var gate = scratch[..x.Length];
            x.CopyTo(gate);
            foreach (var function in functions) function.Apply(gate);
            TensorPrimitives.Multiply(x, gate, x);
        }
    }
}
