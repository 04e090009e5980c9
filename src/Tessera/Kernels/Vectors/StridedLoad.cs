using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Kernels.Vectors;

/// <summary>Vectors of elements that stand a stride apart: from[0], from[stride], from[2 · stride] … Nothing is read beyond the last of them.</summary>
internal static unsafe class StridedLoad
{
    /// <summary>Whether <see cref="Load256"/> can run.</summary>
    public static bool Has256 => Avx2.IsSupported;

    /// <summary>Whether <see cref="Load512"/> can run, and is worth it.</summary>
    public static bool Has512 => Avx512F.IsSupported && Vector512.IsHardwareAccelerated;

    /// <summary>The loads of every machine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Load128<T>(T* from, int stride)
        where T : unmanaged
    {
        if (stride == 1) return Vector128.Load(from);
        if (sizeof(T) == sizeof(double)) return Vector128.Create(((double*)from)[0], ((double*)from)[stride]).As<double, T>();
        var x = (float*)from;
        return Vector128.Create(x[0], x[stride], x[2 * stride], x[3 * stride]).As<float, T>();
    }

    /// <summary>A second load begins an element early, so that it ends at the last element wanted: x0 x2 x8 x10 x4 x6 x12 x14, then put in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Load256<T>(T* from, int stride)
        where T : unmanaged
    {
        if (stride == 1) return Vector256.Load(from);
        if (sizeof(T) == sizeof(float))
        {
            var x = (float*)from;
            if (stride != 2) return Avx2.GatherVector256(x, Vector256.CreateSequence(0, stride), sizeof(float)).As<float, T>();
            var pairs = Avx.Shuffle(Vector256.Load(x), Vector256.Load(x + 7), 0xD8);
            return Avx2.Permute4x64(pairs.AsDouble(), 0xD8).As<double, T>();
        }

        var y = (double*)from;
        if (stride != 2) return Avx2.GatherVector256(y, Vector128.CreateSequence(0, stride), sizeof(double)).As<double, T>();
        return Avx2.Permute4x64(Avx.Shuffle(Vector256.Load(y), Vector256.Load(y + 3), 0xA), 0xD8).As<double, T>();
    }

    /// <summary>As <see cref="Load256"/>; the odd places of the second load follow the even ones of the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load512<T>(T* from, int stride)
        where T : unmanaged
    {
        if (stride == 1) return Vector512.Load(from);
        if (stride != 2) return Vector512.Create(Load256(from, stride), Load256(from + (Vector256<T>.Count * stride), stride));
        if (sizeof(T) == sizeof(float))
        {
            var x = (float*)from;
            var places = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
            return Avx512F.PermuteVar16x32x2(Vector512.Load(x), places, Vector512.Load(x + 15)).As<float, T>();
        }

        var y = (double*)from;
        return Avx512F.PermuteVar8x64x2(Vector512.Load(y), Vector512.Create(0L, 2, 4, 6, 9, 11, 13, 15), Vector512.Load(y + 7)).As<double, T>();
    }
}
