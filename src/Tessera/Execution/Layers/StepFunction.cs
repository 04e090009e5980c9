using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Layers;

/// <summary>The functions that are constant between steps (roundings and the sign), whose derivative is taken for 0 everywhere.</summary>
internal readonly struct StepFunction<T>(ElementFunction function) : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        switch (function)
        {
            case ElementFunction.Floor:
                TensorPrimitives.Floor(x, y);
                break;
            case ElementFunction.Ceiling:
                TensorPrimitives.Ceiling(x, y);
                break;
            case ElementFunction.Truncate:
                TensorPrimitives.Truncate(x, y);
                break;
            case ElementFunction.Sign:
                VectorLoops.Map<T, Sign>(x, x, y, default);
                break;
            default:
                TensorPrimitives.Round(x, MidpointRounding.ToEven, y);
                break;
        }
    }

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => d.Clear();

    /// <summary>−1, 0 or 1; NaN stays.</summary>
    private readonly struct Sign : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> same) => Vector.ConditionalSelect(
            Vector.GreaterThan(x, Vector<T>.Zero), Vector<T>.One, Vector.ConditionalSelect(Vector.LessThan(x, Vector<T>.Zero), -Vector<T>.One, x));
    }
}
