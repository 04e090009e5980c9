using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Kernels;

/// <summary>
/// The bias of any sharing. Forward: Z[n, m, p] = b[p mod t, m], or += when accumulating. Gradient:
/// db[τ, m] = Σ_n Σ_{p mod t = τ} G[n, m, p]. The bias stands in the operands' kernel.
/// </summary>
internal sealed unsafe class BiasAlgorithm<T> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int JobOutputs = 256;

    private readonly int batch;
    private readonly int outputs;
    private readonly int plane;
    private readonly bool forward;
    private readonly int tiles;
    private readonly int[]? tileOfPosition;
    private readonly bool alone;

    /// <param name="geometry">The operator.</param>
    /// <param name="perChannel">Whether there is one bias per channel, whatever the kernel's tile.</param>
    /// <param name="batch">Batch size N.</param>
    /// <param name="forward">Whether to lay the bias down; otherwise to gather its gradient.</param>
    public BiasAlgorithm(OperatorGeometry geometry, bool perChannel, int batch, bool forward)
    {
        this.batch = batch;
        this.forward = forward;
        outputs = geometry.OutputChannels;
        plane = (int)geometry.OutputSize.Product;
        tiles = perChannel ? 1 : (int)geometry.Tile.Product;
        if (tiles > 1) tileOfPosition = [.. Enumerable.Range(0, plane).Select(position => TileOf(geometry, position))];
        alone = !forward && plane == 1 && tileOfPosition is null;
        Stages = [alone ? (outputs + JobOutputs - 1) / JobOutputs : forward && tileOfPosition is null ? batch * outputs : outputs];
    }

    public override string Name => "bias";

    /// <summary>One channel's biases (or their gradients) in the order of the positions: gathered once, used for every example.</summary>
    public override long WorkerElements => tileOfPosition is null ? 0 : plane;

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var b = operands.Kernel;
        if (alone)
        {
            GatherAlone(job, operands);
            return;
        }

        if (tileOfPosition is null)
        {
            if (forward) LayDown(Plane(operands, job), b[job % outputs], operands.Accumulate);
            else GatherShared(job, operands);
            return;
        }

        var ofPositions = new Span<T>(own, plane);
        if (forward)
        {
            for (var p = 0; p < plane; p++) ofPositions[p] = b[((long)tileOfPosition[p] * outputs) + job];
            for (var n = 0; n < batch; n++)
            {
                var z = Plane(operands, (n * outputs) + job);
                if (operands.Accumulate) TensorPrimitives.Add(z, ofPositions, z);
                else ofPositions.CopyTo(z);
            }

            return;
        }

        ofPositions.Clear();
        for (var n = 0; n < batch; n++) TensorPrimitives.Add(ofPositions, Plane(operands, (n * outputs) + job), ofPositions);
        if (!operands.Accumulate)
        {
            for (var tile = 0; tile < tiles; tile++) b[((long)tile * outputs) + job] = T.Zero;
        }

        for (var p = 0; p < plane; p++) b[((long)tileOfPosition[p] * outputs) + job] += ofPositions[p];
    }

    private static void LayDown(Span<T> z, T bias, bool add)
    {
        if (add) TensorPrimitives.Add(z, bias, z);
        else z.Fill(bias);
    }

    private void GatherShared(int m, in Operands<T> operands)
    {
        var sum = T.Zero;
        for (var n = 0; n < batch; n++) sum += TensorPrimitives.Sum<T>(Plane(operands, (n * outputs) + m));
        operands.Kernel[m] = operands.Accumulate ? operands.Kernel[m] + sum : sum;
    }

    /// <summary>Outputs of one position stand side by side: the examples are added to one another.</summary>
    private void GatherAlone(int job, in Operands<T> operands)
    {
        int first = job * JobOutputs, count = Math.Min(JobOutputs, outputs - first);
        var sums = new Span<T>(operands.Kernel + first, count);
        if (!operands.Accumulate) sums.Clear();
        for (var n = 0; n < batch; n++) TensorPrimitives.Add(sums, new ReadOnlySpan<T>(operands.Output + ((long)n * outputs) + first, count), sums);
    }

    private Span<T> Plane(in Operands<T> operands, int index) => new(operands.Output + ((long)index * plane), plane);

    private static int TileOf(OperatorGeometry geometry, int position)
    {
        int tile = 0, scale = 1;
        for (var a = geometry.Axes.Length - 1; a >= 0; a--)
        {
            var axis = geometry.Axes[a];
            tile += position % axis.Output % axis.Tile * scale;
            position /= axis.Output;
            scale *= axis.Tile;
        }

        return tile;
    }
}
