using System.Numerics;
using Tessera.Kernels.Blocked;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Inference;

/// <summary>Each element combined with one number, which a constant of the network holds, as a layer says; a chain makes lines of these.</summary>
internal sealed class NumberFunction<T>(Layer layer, Parameter<T> number) : IElementwise<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public bool IsRectifier => false;

    public T? Bound => null;

    /// <summary>The line that this makes of a line.</summary>
    public (T Factor, T Shift) After(T factor, T shift)
    {
        var y = number.Span[0];
        return layer switch
        {
            Add => (factor, shift + y),
            Subtract => (factor, shift - y),
            Multiply => (factor * y, shift * y),
            _ => (factor / y, shift / y),
        };
    }

    public void Apply(Span<T> values)
    {
        var (factor, shift) = After(T.One, T.Zero);
        foreach (ref var value in values) value = (value * factor) + shift;
    }
}
