using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// dV[x(p, q)] += G[p] / count for every window that holds x: an output row's shares are spread along the last axis
/// once, and added to every row of the window, in the order of the output rows.
/// </summary>
internal sealed unsafe class AveragePoolingGradient<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int MostRowElements = 512;

    private readonly PoolingAxes axes;
    private readonly T[] counts;
    private readonly int extent;
    private readonly int positionsAtOnce;
    private readonly int rowElements;
    private readonly bool pairs;

    public AveragePoolingGradient(AxisGeometry[] geometry, int planes, bool includePadding)
        : this(new PoolingAxes(geometry, includePadding), planes, includePadding)
    {
    }

    private AveragePoolingGradient(PoolingAxes axes, int planes, bool includePadding)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        counts = [.. axes.Counts(includePadding).Select(T.CreateTruncating)];
        var last = axes.Last;
        extent = ((last.Kernel - 1) * last.Dilation) + 1;
        if (last.Output > 1 && extent <= MostRowElements)
        {
            positionsAtOnce = ((MostRowElements - extent) / last.Stride) + 1;
            rowElements = ((Math.Min(positionsAtOnce, last.Output) - 1) * last.Stride) + extent;
            pairs = last is { Kernel: 2, Stride: 2, Dilation: 1 };
        }
    }

    public override string Name => "average pooling's gradient";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var dv = operands.Input + (plane * axes.InputPlane);
        var g = operands.Output + (plane * axes.OutputPlane);
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        Span<T> row = stackalloc T[rowElements];
        if (!operands.Accumulate) new Span<T>(dv, (int)axes.InputPlane).Clear();
        for (var r = 0; r < axes.OutputRows; r++, g += last.Output)
        {
            var rows = axes.RowsOf(r, numbers);
            var divisor = T.CreateTruncating(rows.Divisor);
            if (positionsAtOnce == 0)
            {
                for (var i = 0; i < rows.Count; i++) Spread(g, divisor, 0, last.Output, dv + rows.Offset(i) - last.PadLow);
                continue;
            }

            for (var p = 0; p < last.Output; p += positionsAtOnce) AddRows(dv, rows, g, divisor, p, Math.Min(last.Output, p + positionsAtOnce), row);
        }
    }

    /// <summary>All rows of a window receive the same: it is spread once, and added to each.</summary>
    private void AddRows(T* dv, in WindowRows rows, T* g, T divisor, int from, int to, Span<T> row)
    {
        var last = axes.Last;
        var start = (from * last.Stride) - last.PadLow;
        int low = Math.Max(0, start), high = Math.Min(last.Input, start + ((to - from - 1) * last.Stride) + extent);
        if (low >= high) return;
        row.Clear();
        fixed (T* spread = row) Spread(g, divisor, from, to, spread - ((long)from * last.Stride));
        var part = row[(low - start)..(high - start)];
        for (var i = 0; i < rows.Count; i++)
        {
            var into = new Span<T>(dv + rows.Offset(i) + low, high - low);
            TensorPrimitives.Add(into, part, into);
        }
    }

    /// <summary>to[p · stride + q · dilation] += G[p] / count, for some positions of an output row.</summary>
    private void Spread(T* g, T divisor, int p, int end, T* to)
    {
        var last = axes.Last;
        if (last.Output == 1 && last.Dilation == 1)
        {
            var (first, endOfRun) = axes.Run[0];
            var run = new Span<T>(to + first, endOfRun - first);
            TensorPrimitives.Add(run, g[0] / (divisor * counts[0]), run);
            return;
        }

        for (; p < end; p++)
        {
            if (pairs && p >= axes.InteriorFirst && p < axes.InteriorEnd)
            {
                var count = Math.Min(end, axes.InteriorEnd) - p;
                SpreadPairs(g + p, divisor * counts[p], to + ((long)p * 2), count);
                p += count - 1;
                continue;
            }

            var (first, endOfRun) = axes.Run[p];
            var share = g[p] / (divisor * counts[p]);
            var at = to + ((long)p * last.Stride);
            for (var q = first; q < endOfRun; q++) at[q * last.Dilation] += share;
        }
    }

    /// <summary>Windows of two that stand side by side: each share twice.</summary>
    private static void SpreadPairs(T* g, T divisor, T* to, int count)
    {
        var p = 0;
        if (typeof(T) == typeof(float))
        {
            for (; p + Vector256<T>.Count <= count; p += Vector256<T>.Count)
            {
                var (low, high) = Vector256.Widen((Vector256.Load(g + p) / divisor).AsUInt32());
                (low | (low << 32)).As<ulong, T>().Store(to + (2 * p));
                (high | (high << 32)).As<ulong, T>().Store(to + (2 * p) + Vector256<T>.Count);
            }
        }

        for (; p < count; p++) to[2 * p] = to[(2 * p) + 1] = g[p] / divisor;
    }
}
