using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Reconstruction;

/// <summary>A step of proximal gradient on elements: with v = y + step · g, sign(v) · max(|v| − θ, 0), or max(v − θ, 0) where codes are not negative.</summary>
internal readonly struct Shrink<T>(T step, T threshold, bool nonNegative) : IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> step = new(step);
    private readonly Vector<T> threshold = new(threshold);
    private readonly bool nonNegative = nonNegative;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Invoke(Vector<T> point, Vector<T> descent)
    {
        var v = VectorLoops.MultiplyAdd(descent, step, point);
        if (nonNegative) return Vector.Max(v - threshold, Vector<T>.Zero);
        var magnitude = Vector.Max(Vector.Abs(v) - threshold, Vector<T>.Zero);
        return Vector.ConditionalSelect(Vector.LessThan(v, Vector<T>.Zero), -magnitude, magnitude);
    }
}
