using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// The transpose of a convolution whose kernel is as large as its stride, so that every result has one tap: for each tap a product of all positions, whose
/// results lie a stride apart.
/// <code>
///     Z[y s + r, x s + q] = Σ_c V[y, x][c] · K[c][r, q] + bias
/// </code>
/// </summary>
internal sealed unsafe class BlockedTransposed<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{

    private readonly AxisGeometry rowAxis;
    private readonly AxisGeometry columnAxis;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int sourceBlocks;
    private readonly int vectors;
    private readonly int panels;
    private readonly int taps;
    private readonly int rowBlocks;

    /// <summary>The transpose of an operator, whose outputs are what this reads.</summary>
    /// <param name="geometry">The operator.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="wantedJobs">The jobs that threads want.</param>
    public BlockedTransposed(OperatorGeometry geometry, int batch, int wantedJobs)
    {
        (rowAxis, columnAxis) = BlockedKernels.Axes(geometry);
        (inputs, outputs) = (geometry.OutputChannels, geometry.InputChannels);
        sourceBlocks = Up(inputs, TLanes.Count);
        vectors = Up(outputs, TLanes.Count);
        panels = Up(vectors, BlockedTile<TVector, T, TLanes>.MostVectors);
        taps = rowAxis.Kernel * columnAxis.Kernel;
        rowBlocks = Math.Clamp(Up(2 * wantedJobs, batch), 1, rowAxis.Output);
        Stages = [checked(batch * rowBlocks)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"blocked transposed product, {TLanes.Name} vectors, {inputs} channels to {outputs} × {taps} taps, {Stages[0]} jobs");

    public override long PackedElements => ((long)vectors * TLanes.Count) + ((long)taps * vectors * KernelOfVector);

    public override int PackJobs => taps;

    public override int[] Stages { get; }

    private nint KernelOfVector => (nint)sourceBlocks * TLanes.Count * TLanes.Count;

    /// <summary>Whether an operator's transpose is one that this can compute.</summary>
    public static bool Fits(OperatorGeometry geometry)
    {
        if (geometry.Groups != 1 || geometry.Table is not null || geometry.Tile.Product != 1 || geometry.Axes.Length > 2) return false;
        foreach (var axis in geometry.Axes)
        {
            if (axis is not { Dilation: 1, PadLow: 0, Flip: false } || axis.Kernel != axis.Stride || axis.Input != axis.Output * axis.Stride) return false;
        }

        return true;
    }

    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
        if (job == 0)
        {
            new Span<T>(packed, vectors * TLanes.Count).Clear();
            new Span<T>(parameters.Bias, outputs).CopyTo(new Span<T>(packed, outputs));
        }

        for (var panel = 0; panel < panels; panel++)
        {
            var (first, width) = PanelAt(panel);
            var to = Kernel(packed, job, first);
            new Span<T>(to, checked((int)(width * KernelOfVector))).Clear();
            var lanes = Math.Min(width * TLanes.Count, outputs - (first * TLanes.Count));
            for (var c = 0; c < inputs; c++, to += width * TLanes.Count)
            {
                for (var lane = 0; lane < lanes; lane++)
                {
                    var m = (first * TLanes.Count) + lane;
                    to[lane] = parameters.Kernel[((((nint)c * outputs) + m) * taps) + job] * parameters.Factors[m];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        var example = Math.DivRem(job, rowBlocks, out var rowBlock);
        var (firstRow, endRow) = Shares.Of(rowAxis.Output, rowBlocks, rowBlock);
        for (var panel = 0; panel < panels; panel++)
        {
            var (first, width) = PanelAt(panel);
            for (var y = firstRow; y < endRow; y++) Row(operands, example, y, first, width);
        }
    }

    /// <summary>What one row of the source gives: as many rows of results as the stride.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Row(in BlockedOperands<T> operands, int example, int y, int first, int width)
    {
        nint resultRow = (nint)columnAxis.Input * TLanes.Count, resultPlane = rowAxis.Input * resultRow, sourceRow = (nint)columnAxis.Output * TLanes.Count;
        var source = operands.Input + (example * operands.InputExample) + (y * sourceRow);
        var product = new TileProduct<T>
        {
            SourceStep = TLanes.Count,
            Channels = sourceBlocks,
            ChannelStep = rowAxis.Output * sourceRow,
            Rows = 1,
            Columns = 1,
            Depth = TLanes.Count,
            KernelChannel = (nint)width * TLanes.Count * TLanes.Count,
            Bias = operands.Packed + ((nint)first * TLanes.Count),
            ResultStep = (nint)columnAxis.Stride * TLanes.Count,
            ResultVector = resultPlane,
            ResidualVector = resultPlane,
            Rectify = operands.Finish.Rectifies,
            IsBounded = operands.Finish.IsBounded,
            Bound = operands.Finish.Bound,
        };
        for (var r = 0; r < rowAxis.Kernel; r++)
        {
            var place = (first * resultPlane) + (((y * (nint)rowAxis.Stride) + r) * resultRow);
            var result = operands.Output + (example * operands.OutputExample) + place;
            var residual = operands.Residual == null ? null : operands.Residual + (example * operands.ResidualExample) + place;
            for (var q = 0; q < columnAxis.Kernel; q++)
            {
                product.Kernel = Kernel(operands.Packed, (r * columnAxis.Kernel) + q, first);
                for (int x = 0, count; x < columnAxis.Output; x += count)
                {
                    count = Math.Min(columnAxis.Output - x, BlockedTile<TVector, T, TLanes>.MostPositions);
                    var at = ((x * (nint)columnAxis.Stride) + q) * TLanes.Count;
                    product.Source = source + ((nint)x * TLanes.Count);
                    product.Result = result + at;
                    product.Residual = residual == null ? null : residual + at;
                    BlockedTile<TVector, T, TLanes>.Multiply(product, count, width);
                }
            }

            for (var v = 0; operands.Finish.HasRest && v < width; v++) operands.Finish.ApplyRest(result + (v * resultPlane), resultRow);
        }
    }

    private T* Kernel(T* packed, int tap, int first) => packed + ((nint)vectors * TLanes.Count) + ((((nint)tap * vectors) + first) * KernelOfVector);

    private (int First, int Width) PanelAt(int panel) => Panel(vectors, panels, panel);
}
