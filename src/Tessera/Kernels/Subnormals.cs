using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tessera.Kernels;

/// <summary>
/// .NET cannot tell the processor to flush subnormal numbers to zero, and arithmetic on them is up to a hundred times
/// slower. What dies away (tails of activations, gradients through them, momenta) is flushed here instead.
/// </summary>
internal static class Subnormals
{
    /// <summary>Sets every element nearer to zero than the smallest normal number to zero; NaN stays.</summary>
    public static void Flush<T>(Span<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var smallest = SmallestNormal<T>();
        var limit = new Vector<T>(smallest);
        ref var first = ref MemoryMarshal.GetReference(values);
        var i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            Flush(Vector.LoadUnsafe(ref first, (nuint)i), limit).StoreUnsafe(ref first, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            if (T.Abs(values[i]) < smallest) values[i] = T.Zero;
        }
    }

    /// <summary>The same on one vector; <paramref name="limit"/> holds <see cref="SmallestNormal"/> everywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Flush<T>(Vector<T> values, Vector<T> limit) =>
        Vector.ConditionalSelect(Vector.LessThan(Vector.Abs(values), limit), Vector<T>.Zero, values);

    /// <summary>2⁻¹²⁶ for float, 2⁻¹⁰²² for double.</summary>
    public static T SmallestNormal<T>()
        where T : unmanaged, IFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? T.CreateTruncating(1.17549435e-38f) : T.CreateTruncating(2.2250738585072014e-308);
}
