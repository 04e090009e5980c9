using System.Numerics;
using Tessera.Kernels;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Inference;

/// <summary>x times a line of x held between 0 and a bound, through another line: (x · min(max(p x + s, 0), bound)) · a + b, in one pass. HardSwish is of this kind.</summary>
/// <param name="inner">p and s; null for x itself.</param>
/// <param name="bound">The bound.</param>
/// <param name="outer">a and b; null for nothing.</param>
internal sealed class HardGateFunction<T>(LineFunction<T>? inner, T bound, LineFunction<T>? outer) : IElementwise<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public bool IsRectifier => false;

    public T? Bound => null;

    /// <summary>The gate's own functions.</summary>
    public LineFunction<T>? Inner => inner;

    /// <summary>Where the gate is shut off above.</summary>
    public T Most => bound;

    public void Apply(Span<T> values)
    {
        var (p, s) = inner?.Line() ?? (T.One, T.Zero);
        var (a, b) = outer?.Line() ?? (T.One, T.Zero);
        VectorLoops.Map(values, values, values, new Gated(new(p), new(s), new(bound), new(a), new(b)));
    }

    private readonly struct Gated(Vector<T> p, Vector<T> s, Vector<T> bound, Vector<T> a, Vector<T> b) : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> same)
        {
            var gate = Vector.MinNative(Vector.MaxNative(VectorLoops.MultiplyAdd(x, p, s), Vector<T>.Zero), bound);
            return VectorLoops.MultiplyAdd(x * gate, a, b);
        }
    }
}
