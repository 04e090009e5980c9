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
    private readonly int batch;
    private readonly int outputs;
    private readonly int plane;
    private readonly bool forward;
    private readonly int tiles;
    private readonly int[]? tileOfPosition;

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
        Stages = [forward ? batch * outputs : outputs];
    }

    public override string Name => "bias";

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (forward) LayDown(job, operands);
        else Gather(job, operands);
    }

    private void LayDown(int job, in Operands<T> operands)
    {
        var m = job % outputs;
        var z = new Span<T>(operands.Output + ((long)job * plane), plane);
        var b = operands.Kernel;
        if (tileOfPosition is null)
        {
            if (operands.Accumulate) TensorPrimitives.Add(z, b[m], z);
            else z.Fill(b[m]);
            return;
        }

        for (var p = 0; p < plane; p++)
        {
            var bias = b[((long)tileOfPosition[p] * outputs) + m];
            z[p] = operands.Accumulate ? z[p] + bias : bias;
        }
    }

    private void Gather(int m, in Operands<T> operands)
    {
        var db = operands.Kernel;
        if (!operands.Accumulate)
        {
            for (var tile = 0; tile < tiles; tile++) db[((long)tile * outputs) + m] = T.Zero;
        }

        for (var n = 0; n < batch; n++)
        {
            var g = new ReadOnlySpan<T>(operands.Output + ((((long)n * outputs) + m) * plane), plane);
            if (tileOfPosition is null)
            {
                db[m] += TensorPrimitives.Sum(g);
                continue;
            }

            for (var p = 0; p < plane; p++) db[((long)tileOfPosition[p] * outputs) + m] += g[p];
        }
    }

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
