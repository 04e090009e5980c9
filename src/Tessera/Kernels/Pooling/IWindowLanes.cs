using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// Neighbouring positions of a row, one a lane, as windows see them: elements that stand a stride apart, and beside each the
/// number of where it stood, kept in a lane of the same width.
/// </summary>
/// <typeparam name="TVector">The runtime's own vector type.</typeparam>
/// <typeparam name="T">float or double.</typeparam>
internal unsafe interface IWindowLanes<TVector, T>
    where TVector : struct
    where T : unmanaged
{
    static abstract int Count { get; }

    /// <summary>from[0], from[stride], from[2 · stride] …</summary>
    static abstract TVector Load(T* from, int stride);

    /// <summary>A whole number in the bits of every lane, so that it can be selected beside the values.</summary>
    static abstract TVector Number(int number);

    /// <summary>Takes what is larger than the best, or the first NaN, and its number.</summary>
    static abstract void Take(TVector value, TVector number, ref TVector best, ref TVector winner);

    static abstract void Store(TVector vector, T* to);

    /// <summary>Stores number + first + lane · stride for each lane.</summary>
    static abstract void StoreNumbers(TVector numbers, int first, int stride, int* to);
}

/// <summary>With the vectors that every machine has.</summary>
internal readonly unsafe struct WindowLanes128<T> : IWindowLanes<Vector128<T>, T>
    where T : unmanaged
{
    public static int Count => Vector128<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Load(T* from, int stride) => StridedLoad.Load128(from, stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Number(int number) =>
        sizeof(T) == sizeof(int) ? Vector128.Create(number).As<int, T>() : Vector128.Create((long)number).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Take(Vector128<T> value, Vector128<T> number, ref Vector128<T> best, ref Vector128<T> winner)
    {
        var better = Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(value, best));
        best = Vector128.ConditionalSelect(better, value, best);
        winner = Vector128.ConditionalSelect(better, number, winner);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<T> vector, T* to) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreNumbers(Vector128<T> numbers, int first, int stride, int* to)
    {
        if (sizeof(T) == sizeof(int))
        {
            (numbers.AsInt32() + Vector128.CreateSequence(first, stride)).Store(to);
            return;
        }

        for (var lane = 0; lane < Count; lane++) to[lane] = (int)numbers.AsInt64()[lane] + first + (lane * stride);
    }
}

/// <summary>With AVX2.</summary>
internal readonly unsafe struct WindowLanes256<T> : IWindowLanes<Vector256<T>, T>
    where T : unmanaged
{
    public static int Count => Vector256<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Load(T* from, int stride) => StridedLoad.Load256(from, stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Number(int number) =>
        sizeof(T) == sizeof(int) ? Vector256.Create(number).As<int, T>() : Vector256.Create((long)number).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Take(Vector256<T> value, Vector256<T> number, ref Vector256<T> best, ref Vector256<T> winner)
    {
        var better = Vector256.AndNot(Vector256.Equals(best, best), Vector256.LessThanOrEqual(value, best));
        best = Vector256.ConditionalSelect(better, value, best);
        winner = Vector256.ConditionalSelect(better, number, winner);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<T> vector, T* to) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreNumbers(Vector256<T> numbers, int first, int stride, int* to)
    {
        if (sizeof(T) == sizeof(int)) (numbers.AsInt32() + Vector256.CreateSequence(first, stride)).Store(to);
        else (Vector256.Narrow(numbers.AsInt64(), numbers.AsInt64()).GetLower() + Vector128.CreateSequence(first, stride)).Store(to);
    }
}

/// <summary>With AVX-512.</summary>
internal readonly unsafe struct WindowLanes512<T> : IWindowLanes<Vector512<T>, T>
    where T : unmanaged
{
    public static int Count => Vector512<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load(T* from, int stride) => StridedLoad.Load512(from, stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Number(int number) =>
        sizeof(T) == sizeof(int) ? Vector512.Create(number).As<int, T>() : Vector512.Create((long)number).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Take(Vector512<T> value, Vector512<T> number, ref Vector512<T> best, ref Vector512<T> winner)
    {
        var better = Vector512.AndNot(Vector512.Equals(best, best), Vector512.LessThanOrEqual(value, best));
        best = Vector512.ConditionalSelect(better, value, best);
        winner = Vector512.ConditionalSelect(better, number, winner);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<T> vector, T* to) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreNumbers(Vector512<T> numbers, int first, int stride, int* to)
    {
        if (sizeof(T) == sizeof(int)) (numbers.AsInt32() + Vector512.CreateSequence(first, stride)).Store(to);
        else (Vector512.Narrow(numbers.AsInt64(), numbers.AsInt64()).GetLower() + Vector256.CreateSequence(first, stride)).Store(to);
    }
}
