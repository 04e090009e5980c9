using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>What one tile of a blocked product reads and writes; distances are in elements.</summary>
internal unsafe struct TileProduct<T>
    where T : unmanaged
{
    /// <summary>The source of the first position, at its first channel and first tap.</summary>
    public T* Source;

    /// <summary>From one position to the next.</summary>
    public nint SourceStep;

    /// <summary>Blocks of source channels, and the distance between them.</summary>
    public int Channels;
    public nint ChannelStep;

    /// <summary>Rows of taps, and the distance between them.</summary>
    public int Rows;
    public nint RowStep;

    /// <summary>Taps in a row, and the distance between them.</summary>
    public int Columns;
    public nint ColumnStep;

    /// <summary>Numbers that stand side by side at each tap: the channels of a block.</summary>
    public int Depth;

    /// <summary>The kernel's vectors for the first number; those of the next number follow.</summary>
    public T* Kernel;

    /// <summary>From a block of channels, a row and a tap to the next.</summary>
    public nint KernelChannel;
    public nint KernelRow;
    public nint KernelColumn;

    /// <summary>What sums begin with, a vector for each of the tile's; null where they go on from what stands in the result.</summary>
    public T* Bias;

    /// <summary>The result of the first position; from a position, and from a vector, to the next.</summary>
    public T* Result;
    public nint ResultStep;
    public nint ResultVector;

    /// <summary>What is added last, at the same distances between positions, or null.</summary>
    public T* Residual;
    public nint ResidualVector;

    /// <summary>Whether what is below zero becomes zero at the end.</summary>
    public bool Rectify;

    /// <summary>Whether what is above a bound becomes the bound, where it is rectified, and the bound.</summary>
    public bool IsBounded;
    public T Bound;
}

/// <summary>
/// The product of blocked convolutions: sums of one to six positions by one to four vectors of result channels stay in
/// registers over all channels and taps.
/// <code>
///     sums[position][m] += source[position + tap][c]  ·  kernel[c, tap][m]
///                          one number, broadcast        1 to 4 vectors, one after another in memory
/// </code>
/// </summary>
internal static unsafe class BlockedTile<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>The most positions of a tile.</summary>
    public const int MostPositions = 6;

    /// <summary>The most vectors of a tile.</summary>
    public static int MostVectors => TLanes.HasManyRegisters ? 4 : 2;

    /// <summary>One tile.</summary>
    public static void Multiply(in TileProduct<T> product, int positions, int vectors)
    {
        switch (vectors)
        {
            case 1:
                Across<One>(product, positions);
                break;
            case 2:
                Across<Two>(product, positions);
                break;
            case 3:
                Across<Three>(product, positions);
                break;
            default:
                Across<Four>(product, positions);
                break;
        }
    }

    private static void Across<TVectors>(in TileProduct<T> product, int positions)
        where TVectors : unmanaged, ICount
    {
        switch (positions)
        {
            case 1:
                Tile<One, TVectors>(product);
                break;
            case 2:
                Tile<Two, TVectors>(product);
                break;
            case 3:
                Tile<Three, TVectors>(product);
                break;
            case 4:
                Tile<Four, TVectors>(product);
                break;
            case 5:
                Tile<Five, TVectors>(product);
                break;
            default:
                Tile<Six, TVectors>(product);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TPositions, TVectors>(in TileProduct<T> product)
        where TPositions : unmanaged, ICount
        where TVectors : unmanaged, ICount
    {
        TVector s00 = default, s01 = default, s02 = default, s03 = default;
        TVector s10 = default, s11 = default, s12 = default, s13 = default;
        TVector s20 = default, s21 = default, s22 = default, s23 = default;
        TVector s30 = default, s31 = default, s32 = default, s33 = default;
        TVector s40 = default, s41 = default, s42 = default, s43 = default;
        TVector s50 = default, s51 = default, s52 = default, s53 = default;
        nint step = product.SourceStep, depth = product.Depth;
        if (product.Bias != null)
        {
            s00 = TLanes.Load(product.Bias);
            if (sizeof(TVectors) > 1) s01 = TLanes.Load(product.Bias + TLanes.Count);
            if (sizeof(TVectors) > 2) s02 = TLanes.Load(product.Bias + (2 * TLanes.Count));
            if (sizeof(TVectors) > 3) s03 = TLanes.Load(product.Bias + (3 * TLanes.Count));
            if (sizeof(TPositions) > 1) (s10, s11, s12, s13) = (s00, s01, s02, s03);
            if (sizeof(TPositions) > 2) (s20, s21, s22, s23) = (s00, s01, s02, s03);
            if (sizeof(TPositions) > 3) (s30, s31, s32, s33) = (s00, s01, s02, s03);
            if (sizeof(TPositions) > 4) (s40, s41, s42, s43) = (s00, s01, s02, s03);
            if (sizeof(TPositions) > 5) (s50, s51, s52, s53) = (s00, s01, s02, s03);
        }
        else
        {
            var from = product.Result;
            Take<TVectors>(from, product.ResultVector, out s00, out s01, out s02, out s03);
            if (sizeof(TPositions) > 1) from += product.ResultStep;
            if (sizeof(TPositions) > 1) Take<TVectors>(from, product.ResultVector, out s10, out s11, out s12, out s13);
            if (sizeof(TPositions) > 2) from += product.ResultStep;
            if (sizeof(TPositions) > 2) Take<TVectors>(from, product.ResultVector, out s20, out s21, out s22, out s23);
            if (sizeof(TPositions) > 3) from += product.ResultStep;
            if (sizeof(TPositions) > 3) Take<TVectors>(from, product.ResultVector, out s30, out s31, out s32, out s33);
            if (sizeof(TPositions) > 4) from += product.ResultStep;
            if (sizeof(TPositions) > 4) Take<TVectors>(from, product.ResultVector, out s40, out s41, out s42, out s43);
            if (sizeof(TPositions) > 5) from += product.ResultStep;
            if (sizeof(TPositions) > 5) Take<TVectors>(from, product.ResultVector, out s50, out s51, out s52, out s53);
        }

        for (var channel = 0; channel < product.Channels; channel++)
        {
            for (var row = 0; row < product.Rows; row++)
            {
                var x0 = product.Source + (channel * product.ChannelStep) + (row * product.RowStep);
                var kernelRow = product.Kernel + (channel * product.KernelChannel) + (row * product.KernelRow);
                for (var column = 0; column < product.Columns; column++, x0 += product.ColumnStep, kernelRow += product.KernelColumn)
                {
                    T* x1 = x0 + step, x2 = x1 + step, x3 = x2 + step, x4 = x3 + step, x5 = x4 + step;
                    var k = kernelRow;
                    for (nint i = 0; i < depth; i++, k += sizeof(TVectors) * TLanes.Count)
                    {
                        var k0 = TLanes.Load(k);
                        var k1 = sizeof(TVectors) > 1 ? TLanes.Load(k + TLanes.Count) : k0;
                        var k2 = sizeof(TVectors) > 2 ? TLanes.Load(k + (2 * TLanes.Count)) : k0;
                        var k3 = sizeof(TVectors) > 3 ? TLanes.Load(k + (3 * TLanes.Count)) : k0;
                        var x = TLanes.Broadcast(x0[i]);
                        s00 = TLanes.MultiplyAdd(x, k0, s00);
                        if (sizeof(TVectors) > 1) s01 = TLanes.MultiplyAdd(x, k1, s01);
                        if (sizeof(TVectors) > 2) s02 = TLanes.MultiplyAdd(x, k2, s02);
                        if (sizeof(TVectors) > 3) s03 = TLanes.MultiplyAdd(x, k3, s03);

                        if (sizeof(TPositions) > 1)
                        {
                            x = TLanes.Broadcast(x1[i]);
                            s10 = TLanes.MultiplyAdd(x, k0, s10);
                            if (sizeof(TVectors) > 1) s11 = TLanes.MultiplyAdd(x, k1, s11);
                            if (sizeof(TVectors) > 2) s12 = TLanes.MultiplyAdd(x, k2, s12);
                            if (sizeof(TVectors) > 3) s13 = TLanes.MultiplyAdd(x, k3, s13);
                        }

                        if (sizeof(TPositions) > 2)
                        {
                            x = TLanes.Broadcast(x2[i]);
                            s20 = TLanes.MultiplyAdd(x, k0, s20);
                            if (sizeof(TVectors) > 1) s21 = TLanes.MultiplyAdd(x, k1, s21);
                            if (sizeof(TVectors) > 2) s22 = TLanes.MultiplyAdd(x, k2, s22);
                            if (sizeof(TVectors) > 3) s23 = TLanes.MultiplyAdd(x, k3, s23);
                        }

                        if (sizeof(TPositions) > 3)
                        {
                            x = TLanes.Broadcast(x3[i]);
                            s30 = TLanes.MultiplyAdd(x, k0, s30);
                            if (sizeof(TVectors) > 1) s31 = TLanes.MultiplyAdd(x, k1, s31);
                            if (sizeof(TVectors) > 2) s32 = TLanes.MultiplyAdd(x, k2, s32);
                            if (sizeof(TVectors) > 3) s33 = TLanes.MultiplyAdd(x, k3, s33);
                        }

                        if (sizeof(TPositions) > 4)
                        {
                            x = TLanes.Broadcast(x4[i]);
                            s40 = TLanes.MultiplyAdd(x, k0, s40);
                            if (sizeof(TVectors) > 1) s41 = TLanes.MultiplyAdd(x, k1, s41);
                            if (sizeof(TVectors) > 2) s42 = TLanes.MultiplyAdd(x, k2, s42);
                            if (sizeof(TVectors) > 3) s43 = TLanes.MultiplyAdd(x, k3, s43);
                        }

                        if (sizeof(TPositions) > 5)
                        {
                            x = TLanes.Broadcast(x5[i]);
                            s50 = TLanes.MultiplyAdd(x, k0, s50);
                            if (sizeof(TVectors) > 1) s51 = TLanes.MultiplyAdd(x, k1, s51);
                            if (sizeof(TVectors) > 2) s52 = TLanes.MultiplyAdd(x, k2, s52);
                            if (sizeof(TVectors) > 3) s53 = TLanes.MultiplyAdd(x, k3, s53);
                        }
                    }
                }
            }
        }

        T* to = product.Result, residual = product.Residual;
        Put<TVectors>(product, s00, s01, s02, s03, to, residual);
        if (sizeof(TPositions) <= 1) return;
        to += product.ResultStep;
        if (residual != null) residual += product.ResultStep;
        Put<TVectors>(product, s10, s11, s12, s13, to, residual);
        if (sizeof(TPositions) <= 2) return;
        to += product.ResultStep;
        if (residual != null) residual += product.ResultStep;
        Put<TVectors>(product, s20, s21, s22, s23, to, residual);
        if (sizeof(TPositions) <= 3) return;
        to += product.ResultStep;
        if (residual != null) residual += product.ResultStep;
        Put<TVectors>(product, s30, s31, s32, s33, to, residual);
        if (sizeof(TPositions) <= 4) return;
        to += product.ResultStep;
        if (residual != null) residual += product.ResultStep;
        Put<TVectors>(product, s40, s41, s42, s43, to, residual);
        if (sizeof(TPositions) <= 5) return;
        to += product.ResultStep;
        if (residual != null) residual += product.ResultStep;
        Put<TVectors>(product, s50, s51, s52, s53, to, residual);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Take<TVectors>(T* from, nint distance, out TVector first, out TVector second, out TVector third, out TVector fourth)
        where TVectors : unmanaged, ICount
    {
        first = TLanes.Load(from);
        second = sizeof(TVectors) > 1 ? TLanes.Load(from + distance) : first;
        third = sizeof(TVectors) > 2 ? TLanes.Load(from + (2 * distance)) : first;
        fourth = sizeof(TVectors) > 3 ? TLanes.Load(from + (3 * distance)) : first;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TVectors>(in TileProduct<T> product, TVector first, TVector second, TVector third, TVector fourth, T* to, T* residual)
        where TVectors : unmanaged, ICount
    {
        if (residual != null)
        {
            first = TLanes.Add(first, TLanes.Load(residual));
            if (sizeof(TVectors) > 1) second = TLanes.Add(second, TLanes.Load(residual + product.ResidualVector));
            if (sizeof(TVectors) > 2) third = TLanes.Add(third, TLanes.Load(residual + (2 * product.ResidualVector)));
            if (sizeof(TVectors) > 3) fourth = TLanes.Add(fourth, TLanes.Load(residual + (3 * product.ResidualVector)));
        }

        if (product.Rectify)
        {
            var zero = TLanes.Zero;
            first = TLanes.Max(zero, first);
            if (sizeof(TVectors) > 1) second = TLanes.Max(zero, second);
            if (sizeof(TVectors) > 2) third = TLanes.Max(zero, third);
            if (sizeof(TVectors) > 3) fourth = TLanes.Max(zero, fourth);
            if (product.IsBounded)
            {
                var bound = TLanes.Broadcast(product.Bound);
                first = TLanes.Min(bound, first);
                if (sizeof(TVectors) > 1) second = TLanes.Min(bound, second);
                if (sizeof(TVectors) > 2) third = TLanes.Min(bound, third);
                if (sizeof(TVectors) > 3) fourth = TLanes.Min(bound, fourth);
            }
        }

        TLanes.Store(first, to);
        if (sizeof(TVectors) > 1) TLanes.Store(second, to + product.ResultVector);
        if (sizeof(TVectors) > 2) TLanes.Store(third, to + (2 * product.ResultVector));
        if (sizeof(TVectors) > 3) TLanes.Store(fourth, to + (3 * product.ResultVector));
    }
}
