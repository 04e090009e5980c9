using System.Globalization;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// A depthwise convolution over one or two axes: each channel has a kernel of its own, and a vector of channels is a vector of kernels, so
/// every tap is one product of vectors. Of three by three taps a vector of the source is loaded once for all taps of its row, four positions are summed at once, and
/// what lies outside is read from a row of zeros. Of others eight neighbouring positions are summed at once, or four; their narrow planes are laid out with the border
/// around them first, in L1.
/// </summary>
internal sealed unsafe class BlockedDepthwise<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int WidestLaidOut = 32;
    private const int BorderBytes = 20 * 1024;
    private const int LeastJobProducts = 1 << 16;
    private const int Tile = 4;

    private readonly AxisGeometry rowAxis;
    private readonly AxisGeometry columnAxis;
    private readonly int channels;
    private readonly int blocks;
    private readonly int taps;
    private readonly bool hasThreeTaps;
    private readonly bool laysOut;
    private readonly int inFirst;
    private readonly int inEnd;
    private readonly int paddedColumns;
    private readonly int rowsAtOnce;
    private readonly int rowBlocks;

    public BlockedDepthwise(OperatorGeometry geometry, int batch)
    {
        (rowAxis, columnAxis) = BlockedKernels.Axes(geometry);
        channels = geometry.OutputChannels;
        blocks = (channels + TLanes.Count - 1) / TLanes.Count;
        taps = rowAxis.Kernel * columnAxis.Kernel;
        inFirst = Math.Min(columnAxis.Output, (columnAxis.PadLow + columnAxis.Stride - 1) / columnAxis.Stride);
        var reach = columnAxis.Input + columnAxis.PadLow - columnAxis.DilatedKernel;
        inEnd = reach < 0 ? inFirst : Math.Max(inFirst, Math.Min(columnAxis.Output, (reach / columnAxis.Stride) + 1));
        hasThreeTaps = rowAxis is { Kernel: 3, Dilation: 1 } && columnAxis is { Kernel: 3, Dilation: 1, Stride: 1 or 2, PadLow: 0 or 1 }
            && columnAxis.Output >= Tile && ((columnAxis.Output - 1) * columnAxis.Stride) - columnAxis.PadLow + 3 <= columnAxis.Input + 1;
        // Ends of rows cost twice what the rest does; of a wide plane they are few, and copying it costs more.
        laysOut = !hasThreeTaps && inEnd - inFirst < columnAxis.Output && columnAxis.Output <= WidestLaidOut;
        paddedColumns = ((columnAxis.Output - 1) * columnAxis.Stride) + columnAxis.DilatedKernel;
        rowsAtOnce = Math.Clamp(((BorderBytes / (paddedColumns * TLanes.Count * sizeof(T))) - rowAxis.DilatedKernel) / rowAxis.Stride, 1, rowAxis.Output);
        var perRow = (long)columnAxis.Output * taps * TLanes.Count;
        rowBlocks = (int)Math.Clamp(rowAxis.Output * perRow / LeastJobProducts, 1, Math.Min(4, rowAxis.Output));
        Stages = [checked(batch * blocks * rowBlocks)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"blocked depthwise, {TLanes.Name} vectors, {channels} channels × {taps} taps, {Stages[0]} jobs");

    public override long PackedElements => (long)blocks * (taps + 1) * TLanes.Count;

    public override int PackJobs => 1;

    public override long WorkerElements => hasThreeTaps
        ? (long)columnAxis.Input * TLanes.Count
        : laysOut ? (((rowsAtOnce - 1L) * rowAxis.Stride) + rowAxis.DilatedKernel) * paddedColumns * TLanes.Count : 0;

    public override int[] Stages { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
        new Span<T>(packed, (int)PackedElements).Clear();
        for (var c = 0; c < channels; c++)
        {
            var to = packed + ((nint)(c / TLanes.Count) * (taps + 1) * TLanes.Count) + (c % TLanes.Count);
            *to = parameters.Bias[c];
            for (var tap = 0; tap < taps; tap++)
            {
                int row = tap / columnAxis.Kernel, column = tap % columnAxis.Kernel;
                if (rowAxis.Flip) row = rowAxis.Kernel - 1 - row;
                if (columnAxis.Flip) column = columnAxis.Kernel - 1 - column;
                to += TLanes.Count;
                *to = parameters.Kernel[((nint)c * taps) + (row * columnAxis.Kernel) + column] * parameters.Factors[c];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        job = Math.DivRem(job, rowBlocks, out var rowBlock);
        var example = Math.DivRem(job, blocks, out var block);
        nint sourcePlane = (nint)rowAxis.Input * columnAxis.Input * TLanes.Count, resultPlane = (nint)rowAxis.Output * columnAxis.Output * TLanes.Count;
        var source = operands.Input + (example * operands.InputExample) + (block * sourcePlane);
        var result = operands.Output + (example * operands.OutputExample) + (block * resultPlane);
        var residual = operands.Residual == null ? null : operands.Residual + (example * operands.ResidualExample) + (block * resultPlane);
        var bias = operands.Packed + ((nint)block * (taps + 1) * TLanes.Count);
        var kernel = bias + TLanes.Count;
        nint step = (nint)columnAxis.Stride * TLanes.Count, tapColumn = (nint)columnAxis.Dilation * TLanes.Count, resultRow = (nint)columnAxis.Output * TLanes.Count;
        var (firstRow, endRow) = Shares.Of(rowAxis.Output, rowBlocks, rowBlock);
        if (hasThreeTaps)
        {
            ThreeTaps(source, firstRow, endRow, bias, result + (firstRow * resultRow), residual == null ? null : residual + (firstRow * resultRow), operands.Finish, own);
            return;
        }

        for (var y = firstRow; !laysOut && y < endRow; y++) Wide(source, y, bias, result + (y * resultRow), residual == null ? null : residual + (y * resultRow), operands.Finish);
        for (int y = firstRow, count; laysOut && y < endRow; y += count)
        {
            count = Math.Min(rowsAtOnce, endRow - y);
            var top = (y * rowAxis.Stride) - rowAxis.PadLow;
            var sourceRow = (nint)paddedColumns * TLanes.Count;
            LayOut(source, top, ((count - 1) * rowAxis.Stride) + rowAxis.DilatedKernel, own);
            for (var row = 0; row < count; row++)
            {
                var at = own + (row * rowAxis.Stride * sourceRow);
                var to = result + ((y + row) * resultRow);
                var addend = residual == null ? null : residual + ((y + row) * resultRow);
                for (int x = 0, positions; x < columnAxis.Output; x += positions)
                {
                    positions = columnAxis.Output - x >= 8 ? 8 : columnAxis.Output - x >= 4 ? 4 : 1;
                    // The last few are done again with their neighbours, which costs less than one by one; a residual is read before it could be overwritten.
                    if (positions == 1 && columnAxis.Output >= 4) x = columnAxis.Output - (positions = 4);
                    var into = to + ((nint)x * TLanes.Count);
                    var add = addend == null ? null : addend + ((nint)x * TLanes.Count);
                    if (positions == 8) Eight(at + (x * step), step, rowAxis.Kernel, rowAxis.Dilation * sourceRow, columnAxis.Kernel, tapColumn, kernel, bias, into, add, operands.Finish);
                    else if (positions == 4) Four(at + (x * step), step, rowAxis.Kernel, rowAxis.Dilation * sourceRow, columnAxis.Kernel, tapColumn, kernel, bias, into, add, operands.Finish);
                    else Single(at + (x * step), rowAxis.Kernel, rowAxis.Dilation * sourceRow, 0, columnAxis.Kernel, tapColumn, kernel, bias, into, add, operands.Finish);
                }

                operands.Finish.ApplyRest(to, resultRow);
            }
        }
    }

    /// <summary>Rows of three by three taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ThreeTaps(T* plane, int firstRow, int endRow, T* bias, T* to, T* addend, Finish<T> finish, T* zeros)
    {
        new Span<T>(zeros, columnAxis.Input * TLanes.Count).Clear();
        TVector least = TLanes.Broadcast(finish.Rectifies ? T.Zero : T.NegativeInfinity), most = TLanes.Broadcast(finish.IsBounded ? finish.Bound : T.PositiveInfinity);
        nint sourceRow = (nint)columnAxis.Input * TLanes.Count, resultRow = (nint)columnAxis.Output * TLanes.Count;
        var rows = stackalloc T*[3];
        for (var y = firstRow; y < endRow; y++, to += resultRow, addend += addend == null ? 0 : resultRow)
        {
            var top = (y * rowAxis.Stride) - rowAxis.PadLow;
            for (var row = 0; row < 3; row++) rows[row] = (uint)(top + row) < (uint)rowAxis.Input ? plane + ((top + row) * sourceRow) : zeros;
            for (var x = 0; x < columnAxis.Output; x += Tile)
            {
                // The last few are done again with their neighbours.
                x = Math.Min(x, columnAxis.Output - Tile);
                var column = (x * columnAxis.Stride) - columnAxis.PadLow;
                var into = to + ((nint)x * TLanes.Count);
                var add = addend == null ? null : addend + ((nint)x * TLanes.Count);
                if (columnAxis.Stride == 1) Neighbours(rows, column, columnAxis.Input, zeros, bias, into, add, least, most);
                else Alternate(rows, column, columnAxis.Input, zeros, bias, into, add, least, most);
            }

            finish.ApplyRest(to, resultRow);
        }
    }

    /// <summary>Four results side by side of three by three taps with stride 1; the first and the last column of what they see may lie outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Neighbours(T** rows, int column, int columns, T* zeros, T* bias, T* to, T* addend, TVector least, TVector most)
    {
        TVector s0 = TLanes.Load(bias), s1 = s0, s2 = s0, s3 = s0;
        var kernel = bias + TLanes.Count;
        for (var row = 0; row < 3; row++, kernel += 3 * TLanes.Count)
        {
            var at = rows[row] + ((nint)column * TLanes.Count);
            TVector k0 = TLanes.Load(kernel), k1 = TLanes.Load(kernel + TLanes.Count), k2 = TLanes.Load(kernel + (2 * TLanes.Count));
            s0 = TLanes.MultiplyAdd(TLanes.Load(column < 0 ? zeros : at), k0, s0);
            var x = TLanes.Load(at + TLanes.Count);
            s0 = TLanes.MultiplyAdd(x, k1, s0);
            s1 = TLanes.MultiplyAdd(x, k0, s1);
            x = TLanes.Load(at + (2 * TLanes.Count));
            s0 = TLanes.MultiplyAdd(x, k2, s0);
            s1 = TLanes.MultiplyAdd(x, k1, s1);
            s2 = TLanes.MultiplyAdd(x, k0, s2);
            x = TLanes.Load(at + (3 * TLanes.Count));
            s1 = TLanes.MultiplyAdd(x, k2, s1);
            s2 = TLanes.MultiplyAdd(x, k1, s2);
            s3 = TLanes.MultiplyAdd(x, k0, s3);
            x = TLanes.Load(at + (4 * TLanes.Count));
            s2 = TLanes.MultiplyAdd(x, k2, s2);
            s3 = TLanes.MultiplyAdd(x, k1, s3);
            s3 = TLanes.MultiplyAdd(TLanes.Load(column + 5 < columns ? at + (5 * TLanes.Count) : zeros), k2, s3);
        }

        Put(s0, s1, s2, s3, to, addend, least, most);
    }

    /// <summary>The same with stride 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Alternate(T** rows, int column, int columns, T* zeros, T* bias, T* to, T* addend, TVector least, TVector most)
    {
        TVector s0 = TLanes.Load(bias), s1 = s0, s2 = s0, s3 = s0;
        var kernel = bias + TLanes.Count;
        for (var row = 0; row < 3; row++, kernel += 3 * TLanes.Count)
        {
            var at = rows[row] + ((nint)column * TLanes.Count);
            TVector k0 = TLanes.Load(kernel), k1 = TLanes.Load(kernel + TLanes.Count), k2 = TLanes.Load(kernel + (2 * TLanes.Count));
            s0 = TLanes.MultiplyAdd(TLanes.Load(column < 0 ? zeros : at), k0, s0);
            s0 = TLanes.MultiplyAdd(TLanes.Load(at + TLanes.Count), k1, s0);
            var x = TLanes.Load(at + (2 * TLanes.Count));
            s0 = TLanes.MultiplyAdd(x, k2, s0);
            s1 = TLanes.MultiplyAdd(x, k0, s1);
            s1 = TLanes.MultiplyAdd(TLanes.Load(at + (3 * TLanes.Count)), k1, s1);
            x = TLanes.Load(at + (4 * TLanes.Count));
            s1 = TLanes.MultiplyAdd(x, k2, s1);
            s2 = TLanes.MultiplyAdd(x, k0, s2);
            s2 = TLanes.MultiplyAdd(TLanes.Load(at + (5 * TLanes.Count)), k1, s2);
            x = TLanes.Load(at + (6 * TLanes.Count));
            s2 = TLanes.MultiplyAdd(x, k2, s2);
            s3 = TLanes.MultiplyAdd(x, k0, s3);
            s3 = TLanes.MultiplyAdd(TLanes.Load(at + (7 * TLanes.Count)), k1, s3);
            s3 = TLanes.MultiplyAdd(TLanes.Load(column + 8 < columns ? at + (8 * TLanes.Count) : zeros), k2, s3);
        }

        Put(s0, s1, s2, s3, to, addend, least, most);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector s0, TVector s1, TVector s2, TVector s3, T* to, T* addend, TVector least, TVector most)
    {
        if (addend != null)
        {
            s0 = TLanes.Add(s0, TLanes.Load(addend));
            s1 = TLanes.Add(s1, TLanes.Load(addend + TLanes.Count));
            s2 = TLanes.Add(s2, TLanes.Load(addend + (2 * TLanes.Count)));
            s3 = TLanes.Add(s3, TLanes.Load(addend + (3 * TLanes.Count)));
        }

        TLanes.Store(TLanes.Min(most, TLanes.Max(least, s0)), to);
        TLanes.Store(TLanes.Min(most, TLanes.Max(least, s1)), to + TLanes.Count);
        TLanes.Store(TLanes.Min(most, TLanes.Max(least, s2)), to + (2 * TLanes.Count));
        TLanes.Store(TLanes.Min(most, TLanes.Max(least, s3)), to + (3 * TLanes.Count));
    }

    /// <summary>Some rows of a plane with zeros around it.</summary>
    private void LayOut(T* plane, int top, int rows, T* to)
    {
        var length = paddedColumns * TLanes.Count;
        int left = columnAxis.PadLow * TLanes.Count, inside = Math.Min(columnAxis.Input * TLanes.Count, length - left);
        for (var y = top; y < top + rows; y++, to += length)
        {
            if ((uint)y >= (uint)rowAxis.Input)
            {
                new Span<T>(to, length).Clear();
                continue;
            }

            new Span<T>(to, left).Clear();
            new Span<T>(plane + ((nint)y * columnAxis.Input * TLanes.Count), inside).CopyTo(new Span<T>(to + left, inside));
            new Span<T>(to + left + inside, length - left - inside).Clear();
        }
    }

    /// <summary>A row of a wide plane, as it stands: the positions at its ends leave out the taps outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Wide(T* plane, int y, T* bias, T* to, T* addend, Finish<T> finish)
    {
        var top = (y * rowAxis.Stride) - rowAxis.PadLow;
        var (firstTap, endTap) = Inside(rowAxis, top);
        nint sourceRow = (nint)columnAxis.Input * TLanes.Count, tapRow = rowAxis.Dilation * sourceRow, tapColumn = (nint)columnAxis.Dilation * TLanes.Count;
        var from = plane + ((nint)(top + (firstTap * rowAxis.Dilation)) * sourceRow);
        var kernel = bias + ((1 + ((nint)firstTap * columnAxis.Kernel)) * TLanes.Count);
        for (int x = 0, positions; x < columnAxis.Output; x += positions)
        {
            var left = (x * columnAxis.Stride) - columnAxis.PadLow;
            var at = from + ((nint)left * TLanes.Count);
            var into = to + ((nint)x * TLanes.Count);
            var add = addend == null ? null : addend + ((nint)x * TLanes.Count);
            positions = x < inFirst ? 1 : x + 8 <= inEnd ? 8 : x + 4 <= inEnd ? 4 : 1;
            if (positions == 8)
            {
                Eight(at, (nint)columnAxis.Stride * TLanes.Count, endTap - firstTap, tapRow, columnAxis.Kernel, tapColumn, kernel, bias, into, add, finish);
                continue;
            }

            if (positions == 4)
            {
                Four(at, (nint)columnAxis.Stride * TLanes.Count, endTap - firstTap, tapRow, columnAxis.Kernel, tapColumn, kernel, bias, into, add, finish);
                continue;
            }

            var (tap, end) = Inside(columnAxis, left);
            Single(at, endTap - firstTap, tapRow, tap, end, tapColumn, kernel, bias, into, add, finish);
        }

        finish.ApplyRest(to, (nint)columnAxis.Output * TLanes.Count);
    }

    private void Single(T* from, int rows, nint tapRow, int tap, int end, nint tapColumn, T* kernel, T* bias, T* to, T* addend, Finish<T> finish)
    {
        var sum = TLanes.Load(bias);
        for (var r = 0; r < rows; r++, from += tapRow, kernel += columnAxis.Kernel * TLanes.Count)
        {
            for (var q = tap; q < end; q++) sum = TLanes.MultiplyAdd(TLanes.Load(from + (q * tapColumn)), TLanes.Load(kernel + ((nint)q * TLanes.Count)), sum);
        }

        Put(sum, to, addend, finish);
    }

    /// <summary>Four positions whose taps on the last axis all lie inside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(T* from, nint step, int rows, nint tapRow, int columns, nint tapColumn, T* kernel, T* bias, T* to, T* addend, Finish<T> finish)
    {
        TVector s0 = TLanes.Load(bias), s1 = s0, s2 = s0, s3 = s0;
        for (var r = 0; r < rows; r++, from += tapRow)
        {
            var x = from;
            for (var q = 0; q < columns; q++, x += tapColumn, kernel += TLanes.Count)
            {
                var k = TLanes.Load(kernel);
                s0 = TLanes.MultiplyAdd(TLanes.Load(x), k, s0);
                s1 = TLanes.MultiplyAdd(TLanes.Load(x + step), k, s1);
                s2 = TLanes.MultiplyAdd(TLanes.Load(x + (2 * step)), k, s2);
                s3 = TLanes.MultiplyAdd(TLanes.Load(x + (3 * step)), k, s3);
            }
        }

        var next = addend == null ? 0 : TLanes.Count;
        Put(s0, to, addend, finish);
        Put(s1, to + TLanes.Count, addend + next, finish);
        Put(s2, to + (2 * TLanes.Count), addend + (2 * next), finish);
        Put(s3, to + (3 * TLanes.Count), addend + (3 * next), finish);
    }

    /// <summary>Eight positions: twice as many sums, so that none waits for its last product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eight(T* from, nint step, int rows, nint tapRow, int columns, nint tapColumn, T* kernel, T* bias, T* to, T* addend, Finish<T> finish)
    {
        TVector s0 = TLanes.Load(bias), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (var r = 0; r < rows; r++, from += tapRow)
        {
            var x = from;
            for (var q = 0; q < columns; q++, x += tapColumn, kernel += TLanes.Count)
            {
                var k = TLanes.Load(kernel);
                var far = x + (4 * step);
                s0 = TLanes.MultiplyAdd(TLanes.Load(x), k, s0);
                s1 = TLanes.MultiplyAdd(TLanes.Load(x + step), k, s1);
                s2 = TLanes.MultiplyAdd(TLanes.Load(x + (2 * step)), k, s2);
                s3 = TLanes.MultiplyAdd(TLanes.Load(x + (3 * step)), k, s3);
                s4 = TLanes.MultiplyAdd(TLanes.Load(far), k, s4);
                s5 = TLanes.MultiplyAdd(TLanes.Load(far + step), k, s5);
                s6 = TLanes.MultiplyAdd(TLanes.Load(far + (2 * step)), k, s6);
                s7 = TLanes.MultiplyAdd(TLanes.Load(far + (3 * step)), k, s7);
            }
        }

        var next = addend == null ? 0 : TLanes.Count;
        Put(s0, to, addend, finish);
        Put(s1, to + TLanes.Count, addend + next, finish);
        Put(s2, to + (2 * TLanes.Count), addend + (2 * next), finish);
        Put(s3, to + (3 * TLanes.Count), addend + (3 * next), finish);
        Put(s4, to + (4 * TLanes.Count), addend + (4 * next), finish);
        Put(s5, to + (5 * TLanes.Count), addend + (5 * next), finish);
        Put(s6, to + (6 * TLanes.Count), addend + (6 * next), finish);
        Put(s7, to + (7 * TLanes.Count), addend + (7 * next), finish);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector sum, T* to, T* addend, Finish<T> finish)
    {
        if (addend != null) sum = TLanes.Add(sum, TLanes.Load(addend));
        if (finish.Rectifies) sum = TLanes.Max(TLanes.Zero, sum);
        if (finish.IsBounded) sum = TLanes.Min(TLanes.Broadcast(finish.Bound), sum);
        TLanes.Store(sum, to);
    }

    private static (int First, int End) Inside(AxisGeometry axis, int start)
    {
        var first = start >= 0 ? 0 : Math.Min(axis.Kernel, (-start + axis.Dilation - 1) / axis.Dilation);
        var end = axis.Input - start <= 0 ? 0 : Math.Min(axis.Kernel, ((axis.Input - 1 - start) / axis.Dilation) + 1);
        return (first, Math.Max(first, end));
    }
}
