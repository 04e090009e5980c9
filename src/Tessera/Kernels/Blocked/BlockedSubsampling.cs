using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// A convolution of one tap with strides: the positions that it reads are gathered first, side by side, and what is left is a product over all of them,
/// whose tiles need not end where short rows do.
/// </summary>
internal sealed unsafe class BlockedSubsampling<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly BlockedConvolution<TVector, T, TLanes> product;
    private readonly AxisGeometry rowAxis;
    private readonly AxisGeometry columnAxis;
    private readonly int blocks;
    private readonly nint gathered;

    public BlockedSubsampling(OperatorGeometry geometry, int batch, int wantedJobs)
    {
        (rowAxis, columnAxis) = BlockedKernels.Axes(geometry);
        AxisGeometry[] axes = [rowAxis with { Input = rowAxis.Output, Stride = 1, PadHigh = 0 }, columnAxis with { Input = columnAxis.Output, Stride = 1, PadHigh = 0 }];
        product = new BlockedConvolution<TVector, T, TLanes>(new OperatorGeometry(geometry.InputChannels, geometry.OutputChannels, geometry.Groups, null, axes, false), batch, planes: false, wantedJobs);
        blocks = (geometry.InputChannels + TLanes.Count - 1) / TLanes.Count;
        gathered = (nint)rowAxis.Output * columnAxis.Output * TLanes.Count;
        Stages = [checked(batch * blocks), product.Stages[0]];
    }

    public override string Name => product.Name + ", positions gathered first";

    public override long PackedElements => product.PackedElements;

    public override int PackJobs => product.PackJobs;

    public override long SharedElements => (long)Stages[0] * gathered;

    public override long WorkerElements => product.WorkerElements;

    public override int[] Stages { get; }

    /// <summary>Whether an operator is one that this can compute: nothing is read from outside.</summary>
    public static bool Fits(OperatorGeometry geometry)
    {
        var (rows, columns) = BlockedKernels.Axes(geometry);
        return rows is { Kernel: 1, PadLow: 0 } && columns is { Kernel: 1, PadLow: 0 } && rows.Stride * columns.Stride > 1
            && (rows.Output - 1) * rows.Stride < rows.Input && (columns.Output - 1) * columns.Stride < columns.Input;
    }

    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed) => product.Pack(job, parameters, packed);

    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        if (stage == 1)
        {
            product.Execute(0, job, operands with { Input = shared, InputExample = blocks * gathered }, null, own);
            return;
        }

        var example = Math.DivRem(job, blocks, out var block);
        var from = operands.Input + (example * operands.InputExample) + ((nint)block * rowAxis.Input * columnAxis.Input * TLanes.Count);
        var to = shared + (job * gathered);
        for (var y = 0; y < rowAxis.Output; y++)
        {
            var at = from + ((nint)y * rowAxis.Stride * columnAxis.Input * TLanes.Count);
            for (var x = 0; x < columnAxis.Output; x++, at += columnAxis.Stride * TLanes.Count, to += TLanes.Count) TLanes.Store(TLanes.Load(at), to);
        }
    }
}
