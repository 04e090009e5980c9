using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>dV[x(p, q)] += G[p] / count for every window that holds x, in the order of p.</summary>
internal sealed unsafe class AveragePoolingGradient<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly T[] counts;

    public AveragePoolingGradient(AxisGeometry[] geometry, int planes, bool includePadding)
        : this(new PoolingAxes(geometry, includePadding), planes, includePadding)
    {
    }

    private AveragePoolingGradient(PoolingAxes axes, int planes, bool includePadding)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        counts = [.. axes.Counts(includePadding).Select(T.CreateTruncating)];
    }

    public override string Name => "average pooling's gradient";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var dv = operands.Input + (plane * axes.InputPlane);
        var g = operands.Output + (plane * axes.OutputPlane);
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        if (!operands.Accumulate) new Span<T>(dv, (int)axes.InputPlane).Clear();
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            var divisor = T.CreateTruncating(rows.Divisor);
            for (var r = 0; r < rows.Count; r++) AddRow(dv + rows.Offset(r) - last.PadLow, g, divisor);
            g += last.Output;
        }
    }

    private void AddRow(T* to, T* g, T divisor)
    {
        var last = axes.Last;
        if (last.Output == 1 && last.Dilation == 1)
        {
            var (first, end) = axes.Run[0];
            var run = new Span<T>(to + first, end - first);
            TensorPrimitives.Add(run, g[0] / (divisor * counts[0]), run);
            return;
        }

        for (var p = 0; p < last.Output; p++, to += last.Stride)
        {
            var (first, end) = axes.Run[p];
            var share = g[p] / (divisor * counts[p]);
            for (var q = first; q < end; q++) to[q * last.Dilation] += share;
        }
    }
}
