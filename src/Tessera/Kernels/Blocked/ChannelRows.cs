using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// Some rows of a kernel, one for each result channel, on their way into packed vectors of result channels: a few columns at a time are turned round in
/// registers and multiplied by the channels' factors. Lanes beyond the rows are zeros.
/// <code>
///     m0 ▸ ▪▪▪▪▪▪▪▪ …          column 0 ▸ one number of each of the rows, side by side
///     m1 ▸ ▪▪▪▪▪▪▪▪ …    →     column 1 ▸
/// </code>
/// </summary>
internal readonly unsafe struct ChannelRows<TVector, T, TLanes>(in FoldedKernel<T> parameters, int row, int rows, int length)
    where TVector : struct
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly T* from = parameters.Kernel + ((nint)row * length);
    private readonly T* factor = parameters.Factors + row;

    /// <summary>The factors of the rows, filled up with zeros.</summary>
    /// <param name="to">The factors.</param>
    /// <param name="pitch">The lanes of all vectors.</param>
    public void Factors(T* to, int pitch)
    {
        new Span<T>(factor, rows).CopyTo(new Span<T>(to, pitch));
        new Span<T>(to + rows, pitch - rows).Clear();
    }

    /// <summary>Some columns, each as vectors.</summary>
    /// <param name="column">The first column.</param>
    /// <param name="count">How many.</param>
    /// <param name="to">[column, lane].</param>
    /// <param name="pitch">The lanes of all vectors.</param>
    /// <param name="factors">What <see cref="Factors"/> gave.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Turn(int column, int count, T* to, int pitch, T* factors)
    {
        // What lies in memory beyond the rows may be no number, which no factor of zero would make one.
        if (rows < pitch) new Span<T>(to, count * pitch).Clear();
        Transposition.Run(from + column, length, rows, count, to, pitch, add: false, vectors: TLanes.Count * sizeof(T) > 16);
        for (var end = to + (count * pitch); to < end; to += pitch)
        {
            for (var lane = 0; lane < pitch; lane += TLanes.Count) TLanes.Store(TLanes.Multiply(TLanes.Load(to + lane), TLanes.Load(factors + lane)), to + lane);
        }
    }
}
