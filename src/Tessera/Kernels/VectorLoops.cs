using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tessera.Kernels;

/// <summary>One element from two, for whole vectors at once.</summary>
internal interface IPairFunction<T>
{
    Vector<T> Invoke(Vector<T> first, Vector<T> second);
}

/// <summary>Loops over elements in vectors of the machine's width, for what .NET's tensor primitives do not have.</summary>
internal static class VectorLoops
{
    /// <summary>result[i] = function(first[i], second[i]); the result may stand where either argument stands.</summary>
    public static void Map<T, TFunction>(ReadOnlySpan<T> first, ReadOnlySpan<T> second, Span<T> result, TFunction function)
        where T : unmanaged
        where TFunction : struct, IPairFunction<T>
    {
        // Checked once; slices in the loop would be checked again and again.
        first = first[..result.Length];
        second = second[..result.Length];
        ref var x = ref MemoryMarshal.GetReference(first);
        ref var y = ref MemoryMarshal.GetReference(second);
        ref var z = ref MemoryMarshal.GetReference(result);
        var i = 0;
        for (; i <= result.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            function.Invoke(Vector.LoadUnsafe(ref x, (nuint)i), Vector.LoadUnsafe(ref y, (nuint)i)).StoreUnsafe(ref z, (nuint)i);
        }

        if (i == result.Length) return;
        Rest(first[i..], second[i..], result[i..], function);
    }

    /// <summary>Fewer elements than a vector: apart, so that the loop's method has no memory on the stack to guard.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rest<T, TFunction>(ReadOnlySpan<T> first, ReadOnlySpan<T> second, Span<T> result, TFunction function)
        where T : unmanaged
        where TFunction : struct, IPairFunction<T>
    {
        // The rest goes through a whole vector too, so that an element's bits do not depend on where it stands.
        Span<T> a = stackalloc T[Vector<T>.Count], b = stackalloc T[Vector<T>.Count];
        first.CopyTo(a);
        second.CopyTo(b);
        function.Invoke(new Vector<T>(a), new Vector<T>(b)).CopyTo(a);
        a[..result.Length].CopyTo(result);
    }

    /// <summary>a · b + c, fused where the processor does that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> MultiplyAdd<T>(Vector<T> a, Vector<T> b, Vector<T> c)
    {
        if (typeof(T) == typeof(float)) return Vector.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>();
        return Vector.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();
    }

    /// <summary>The sum of all elements, always in the same order, wherever they stand in memory.</summary>
    public static T Sum<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref var first = ref MemoryMarshal.GetReference(values);
        Vector<T> s0 = Vector<T>.Zero, s1 = s0, s2 = s0, s3 = s0;
        var i = 0;
        for (; i <= values.Length - (4 * Vector<T>.Count); i += 4 * Vector<T>.Count)
        {
            s0 += Vector.LoadUnsafe(ref first, (nuint)i);
            s1 += Vector.LoadUnsafe(ref first, (nuint)(i + Vector<T>.Count));
            s2 += Vector.LoadUnsafe(ref first, (nuint)(i + (2 * Vector<T>.Count)));
            s3 += Vector.LoadUnsafe(ref first, (nuint)(i + (3 * Vector<T>.Count)));
        }

        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count) s0 += Vector.LoadUnsafe(ref first, (nuint)i);
        var sum = Vector.Sum((s0 + s1) + (s2 + s3));
        for (; i < values.Length; i++) sum += values[i];
        return sum;
    }

    /// <summary>Whether no element is infinite or not a number.</summary>
    public static bool AllFinite<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var v = new Vector<T>(values[i..]);
            if (!Vector.EqualsAll(v - v, Vector<T>.Zero)) return false;
        }

        for (; i < values.Length; i++)
        {
            if (!T.IsFinite(values[i])) return false;
        }

        return true;
    }
}
