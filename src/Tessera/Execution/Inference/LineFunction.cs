using System.Numerics;
using Tessera.Kernels;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Inference;

/// <summary>Constants that elements are combined with one after another, as one line: x · a + b.</summary>
internal sealed class LineFunction<T>(IReadOnlyList<NumberFunction<T>> numbers) : IElementwise<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NumberFunction<T>[] numbers = [.. numbers];

    public bool IsRectifier => false;

    public T? Bound => null;

    /// <summary>a and b, of the constants as they are now.</summary>
    public (T Factor, T Shift) Line()
    {
        var (factor, shift) = (T.One, T.Zero);
        foreach (var number in numbers) (factor, shift) = number.After(factor, shift);
        return (factor, shift);
    }

    public void Apply(Span<T> values)
    {
        var (factor, shift) = Line();
        VectorLoops.Map(values, values, values, new Scaled(new Vector<T>(factor), new Vector<T>(shift)));
    }

    private readonly struct Scaled(Vector<T> factor, Vector<T> shift) : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> same) => VectorLoops.MultiplyAdd(x, factor, shift);
    }
}
