using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Kernels.Pooling;

/// <summary>Vectors of elements that stand a stride apart. None is read but those.</summary>
internal static unsafe class StridedLoad
{
    /// <summary>Two doubles or four floats from anywhere: the loads of every machine.</summary>
    public static Vector128<T> Load128<T>(T* from, int stride)
        where T : unmanaged
    {
        if (stride == 1) return Vector128.Load(from);
        if (typeof(T) == typeof(double)) return Vector128.Create(((double*)from)[0], ((double*)from)[stride]).As<double, T>();
        var x = (float*)from;
        return Vector128.Create(x[0], x[stride], x[2 * stride], x[3 * stride]).As<float, T>();
    }

    /// <summary>Whether <see cref="Load"/> can run.</summary>
    public static bool IsSupported => Avx2.IsSupported;

    /// <summary>from[0], from[stride], from[2 · stride] …</summary>
    public static Vector256<T> Load<T>(T* from, int stride)
        where T : unmanaged
    {
        if (stride == 1) return Vector256.Load(from);
        if (typeof(T) == typeof(float))
        {
            var x = (float*)from;
            if (stride != 2) return Avx2.GatherVector256(x, Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7) * stride, sizeof(float)).As<float, T>();

            // The second load begins at 7, not 8, so that it ends at the last element wanted: x0 x2 x8 x10 x4 x6 x12 x14.
            var pairs = Avx.Shuffle(Vector256.Load(x), Vector256.Load(x + 7), 0xD8);
            return Avx2.Permute4x64(pairs.AsDouble(), 0xD8).As<double, T>();
        }

        var y = (double*)from;
        if (stride != 2) return Avx2.GatherVector256(y, Vector128.Create(0, 1, 2, 3) * stride, sizeof(double)).As<double, T>();
        return Avx2.Permute4x64(Avx.Shuffle(Vector256.Load(y), Vector256.Load(y + 3), 0xA), 0xD8).As<double, T>();
    }
}
