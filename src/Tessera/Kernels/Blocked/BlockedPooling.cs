using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// The maximum or the mean of each window, over one or two axes, of a vector of channels at a time. A mean divides by what falls inside, or by
/// what falls inside or into the padding.
/// </summary>
internal sealed unsafe class BlockedPooling<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int LeastJobElements = 1 << 13;

    private readonly bool isMax;
    private readonly AxisGeometry rowAxis;
    private readonly AxisGeometry columnAxis;
    private readonly int channels;
    private readonly int blocks;
    private readonly int rowBlocks;
    private readonly double[] rowCounts;
    private readonly double[] columnCounts;

    public BlockedPooling(PoolingDescription description, AxisGeometry[] axes, Sizes input)
    {
        isMax = description.Kind == PoolingKind.Max;
        (rowAxis, columnAxis) = axes.Length == 1 ? (new AxisGeometry(1, 1, 1, 1, 1, 0, 0, 1, false), axes[0]) : (axes[0], axes[1]);
        channels = input[1];
        blocks = (channels + TLanes.Count - 1) / TLanes.Count;
        rowCounts = Counts(rowAxis, description.CountIncludesPadding);
        columnCounts = Counts(columnAxis, description.CountIncludesPadding);
        var perRow = (long)columnAxis.Output * rowAxis.Kernel * columnAxis.Kernel * TLanes.Count;
        rowBlocks = (int)Math.Clamp(rowAxis.Output * perRow / LeastJobElements, 1, Math.Min(4, rowAxis.Output));
        Stages = [checked(input[0] * blocks * rowBlocks)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"blocked {(isMax ? "max" : "average")} pooling, {TLanes.Name} vectors, {Stages[0]} jobs");

    public override int[] Stages { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        job = Math.DivRem(job, rowBlocks, out var rowBlock);
        var example = Math.DivRem(job, blocks, out var block);
        nint sourceRow = (nint)columnAxis.Input * TLanes.Count, resultRow = (nint)columnAxis.Output * TLanes.Count;
        var source = operands.Input + (example * operands.InputExample) + (block * rowAxis.Input * sourceRow);
        var result = operands.Output + (example * operands.OutputExample) + (block * rowAxis.Output * resultRow);
        var (firstRow, endRow) = Shares.Of(rowAxis.Output, rowBlocks, rowBlock);
        nint tapRow = rowAxis.Dilation * sourceRow, tapColumn = (nint)columnAxis.Dilation * TLanes.Count;
        for (var y = firstRow; y < endRow; y++)
        {
            var top = (y * rowAxis.Stride) - rowAxis.PadLow;
            var (firstTap, endTap) = Inside(rowAxis, top);
            var from = source + ((nint)(top + (firstTap * rowAxis.Dilation)) * sourceRow);
            var to = result + (y * resultRow);
            for (var x = 0; x < columnAxis.Output; x++, to += TLanes.Count)
            {
                var left = (x * columnAxis.Stride) - columnAxis.PadLow;
                var (tap, end) = Inside(columnAxis, left);
                var at = from + ((nint)(left + (tap * columnAxis.Dilation)) * TLanes.Count);
                var value = isMax
                    ? Largest(at, endTap - firstTap, tapRow, end - tap, tapColumn)
                    : TLanes.Multiply(Sum(at, endTap - firstTap, tapRow, end - tap, tapColumn), TLanes.Broadcast(T.CreateTruncating(1 / (rowCounts[y] * columnCounts[x]))));
                if (operands.Finish.Rectifies) value = TLanes.Max(TLanes.Zero, value);
                if (operands.Finish.IsBounded) value = TLanes.Min(TLanes.Broadcast(operands.Finish.Bound), value);
                TLanes.Store(value, to);
            }

            operands.Finish.ApplyRest(result + (y * resultRow), resultRow);
        }
    }

    private static TVector Largest(T* from, int rows, nint tapRow, int columns, nint tapColumn)
    {
        var largest = TLanes.Load(from);
        for (var r = 0; r < rows; r++, from += tapRow)
        {
            var x = from;
            for (var q = 0; q < columns; q++, x += tapColumn) largest = TLanes.Max(TLanes.Load(x), largest);
        }

        return largest;
    }

    private static TVector Sum(T* from, int rows, nint tapRow, int columns, nint tapColumn)
    {
        TVector even = TLanes.Zero, odd = TLanes.Zero;
        for (var r = 0; r < rows; r++, from += tapRow)
        {
            var x = from;
            var q = 0;
            for (; q + 2 <= columns; q += 2, x += 2 * tapColumn)
            {
                even = TLanes.Add(even, TLanes.Load(x));
                odd = TLanes.Add(odd, TLanes.Load(x + tapColumn));
            }

            if (q < columns) even = TLanes.Add(even, TLanes.Load(x));
        }

        return TLanes.Add(even, odd);
    }

    /// <summary>For each position, how many elements of the window count for a mean.</summary>
    private static double[] Counts(AxisGeometry axis, bool withPadding)
    {
        var counts = new double[axis.Output];
        for (var p = 0; p < counts.Length; p++)
        {
            var start = (p * axis.Stride) - axis.PadLow;
            for (var q = 0; q < axis.Kernel; q++)
            {
                var x = start + (q * axis.Dilation);
                if (withPadding ? x < axis.Input + axis.PadHigh : x >= 0 && x < axis.Input) counts[p]++;
            }
        }

        return counts;
    }

    private static (int First, int End) Inside(AxisGeometry axis, int start)
    {
        var first = start >= 0 ? 0 : (-start + axis.Dilation - 1) / axis.Dilation;
        return (first, Math.Max(first, Math.Min(axis.Kernel, ((axis.Input - 1 - start) / axis.Dilation) + 1)));
    }
}
