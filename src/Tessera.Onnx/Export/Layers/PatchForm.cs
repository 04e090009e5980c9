using Tessera.Connections;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// An operator of any tile as matrix products. With positions before examples and channels, [∏i, N·C], what kernel element q meets is a row, so
/// that patches are rows gathered whole. What a place τ of the tile sees in all tiles u and examples is then a matrix [∏u·N, ∏k·C/g] for each
/// group, multiplied by the place's kernels [∏k·C/g, M/g]. The transpose multiplies by the transposed kernels and lays the patches over each
/// other (Col2Im).
/// </summary>
internal sealed class PatchForm
{
    private readonly LayerScope scope;
    private readonly OperatorGeometry geometry;
    private readonly ChannelForm channels;
    private readonly AxisGeometry[] given;
    private readonly TiledAxis[] axes;
    private readonly int rank;
    private readonly int tiles;
    private readonly int window;

    public PatchForm(LayerScope scope, OperatorGeometry geometry, ChannelForm channels)
    {
        this.scope = scope;
        this.geometry = geometry;
        this.channels = channels;
        given = geometry.Axes.ToArray();
        axes = [.. given.Select(TiledAxis.Of)];
        rank = axes.Length;
        tiles = (int)geometry.Tile.Product;
        window = (int)geometry.KernelSize.Product;
    }

    /// <summary>The shape in which biases [t…, M], or [M], are added to the products.</summary>
    public Sizes BiasShape(bool perTile) => [perTile ? tiles : 1, channels.Groups, 1, channels.Outputs / channels.Groups];

    public string Forward(Func<Sizes, int[]?, string> kernel, string? bias)
    {
        int[] low = [.. axes.Select(static axis => axis.Low)], high = [.. given.Select(High)];
        int[] size = [.. given.Select((axis, a) => axis.Input + low[a] + high[a])];
        var units = axes.Aggregate(1L, static (product, axis) => product * axis.Units);
        var value = scope.Border(channels.Gather(scope, scope.Input), low, high);
        value = scope.Transpose(value, [.. Enumerable.Range(2, rank), 0, 1]);
        value = scope.Reshape(value, size.Aggregate(1L, static (product, one) => product * one), -1);
        value = scope.Node("Gather", [value, Meetings(size)], OnnxAttribute.Of("axis", 0));

        // [t, u, k, N·C] to [t, g, u·N, k·C/g].
        value = scope.Reshape(value, tiles, units, window, -1, channels.Groups, channels.PerGroup);
        value = scope.Transpose(value, 0, 4, 1, 3, 2, 5);
        value = scope.Reshape(value, tiles, channels.Groups, -1, (long)window * channels.PerGroup);
        value = scope.Node("MatMul", [value, Kernel(kernel)]);
        if (bias is not null) value = scope.Node("Add", [value, bias]);

        // [t…, g, u…, N, M/g] to [N, g, M/g, u, t, u, t …].
        value = scope.Reshape(value, [.. Sizes(static axis => axis.Tile), channels.Groups, .. Sizes(static axis => axis.Units), -1, channels.Outputs / channels.Groups]);
        value = scope.Transpose(value, [(2 * rank) + 1, rank, (2 * rank) + 2, .. Enumerable.Range(0, rank).SelectMany(a => new long[] { rank + 1 + a, a })]);
        value = scope.Reshape(value, [-1, channels.Outputs, .. Sizes(static axis => axis.Whole)]);
        return Cut(value);
    }

    public string Transpose(Func<Sizes, int[]?, string> kernel)
    {
        var value = scope.Border(scope.Input, new int[rank], [.. axes.Select(static axis => axis.Whole - axis.Output)]);

        // [N, g, M/g, u, t, u, t …] to [t…, g, u…, N, M/g].
        value = scope.Reshape(value, [-1, channels.Groups, channels.Outputs / channels.Groups, .. axes.SelectMany(static axis => new long[] { axis.Units, axis.Tile })]);
        value = scope.Transpose(value, [.. Enumerable.Range(0, rank).Select(static a => 4L + (2 * a)), 1, .. Enumerable.Range(0, rank).Select(static a => 3L + (2 * a)), 0, 2]);
        value = scope.Reshape(value, tiles, channels.Groups, -1, channels.Outputs / channels.Groups);
        value = scope.Node("MatMul", [value, scope.Transpose(Kernel(kernel), 0, 1, 3, 2)]);

        // [t…, g, u…, N, k, C/g] to [N, g, C/g, k, u, t, u, t …].
        value = scope.Reshape(value, [.. Sizes(static axis => axis.Tile), channels.Groups, .. Sizes(static axis => axis.Units), -1, window, channels.PerGroup]);
        value = scope.Transpose(value, [(2 * rank) + 1, rank, (2 * rank) + 3, (2 * rank) + 2, .. Enumerable.Range(0, rank).SelectMany(a => new long[] { rank + 1 + a, a })]);
        return Overlay(Cut(scope.Reshape(value, [-1, (long)channels.Inputs * window, .. Sizes(static axis => axis.Whole)])));
    }

    /// <summary>
    /// Adds the patches [N, C·k…, o…] up where they meet, to [N, C, i…]. ONNX Runtime's Col2Im mixes channels up where kernels are dilated and axes
    /// are not two, so their elements are drawn apart by zeros first: k·δ of them, δ − 1 more than the dilated kernel has, which reach into as much
    /// more padding.
    /// </summary>
    private string Overlay(string value)
    {
        var positions = geometry.OutputSize.Product;
        var drawn = rank == 2 ? [1, 1] : given.Select(static axis => axis.Dilation).ToArray();
        if (drawn.Any(static distance => distance > 1))
        {
            value = scope.Reshape(value, [-1, channels.Inputs, .. given.SelectMany(static axis => new long[] { axis.Kernel, 1 }), positions]);
            value = scope.Border(value, new int[(2 * rank) + 1], [.. drawn.SelectMany(static distance => new[] { 0, distance - 1 }), 0]);
        }

        long[] apart = [.. given.Select((axis, a) => (long)axis.Kernel * drawn[a])];
        value = scope.Reshape(value, -1, apart.Aggregate((long)channels.Inputs, static (product, size) => product * size), positions);
        return scope.Node(
            "Col2Im",
            [value, scope.Integers("size", [.. geometry.InputSize]), scope.Integers("window", apart)],
            WindowSettings.Numbers("strides", [.. given.Select(static axis => axis.Stride)]),
            WindowSettings.Numbers("dilations", [.. given.Select((axis, a) => axis.Dilation / drawn[a])]),
            WindowSettings.Numbers("pads", [.. given.Select(static axis => axis.PadLow), .. given.Select((axis, a) => axis.PadHigh + drawn[a] - 1)]));
    }

    /// <summary>The kernels as [∏t, g, ∏k·C/g, M/g].</summary>
    private string Kernel(Func<Sizes, int[]?, string> kernel)
    {
        int columns = channels.Outputs / channels.Groups, rows = window * channels.PerGroup;
        Sizes shape = [tiles, channels.Groups, rows, columns];
        var places = new int[scope.Count(shape.Product)];
        for (var index = 0; index < places.Length; index++)
        {
            var (block, row) = Math.DivRem(index / columns, rows);
            var (tile, group) = Math.DivRem(block, channels.Groups);
            var (q, input) = Math.DivRem(row, channels.PerGroup);
            var pair = channels.Pair((group * columns) + (index % columns), input);
            places[index] = pair < 0 ? -1 : (((tile * geometry.PairCount) + pair) * window) + (given[0].Flip ? window - 1 - q : q);
        }

        return kernel(shape, places);
    }

    /// <summary>The position that each kernel element of each place of each tile meets, [∏t, ∏u, ∏k], positions with the zeros around counted row-major.</summary>
    private string Meetings(int[] size)
    {
        var units = axes.Aggregate(1, static (product, axis) => product * axis.Units);
        var meetings = new long[scope.Count((double)tiles * units * window)];
        for (var index = 0; index < meetings.Length; index++)
        {
            var (rest, q) = Math.DivRem(index, window);
            var (tile, unit) = Math.DivRem(rest, units);
            long step = 1;
            for (var a = rank - 1; a >= 0; a--)
            {
                (unit, var u) = Math.DivRem(unit, axes[a].Units);
                (tile, var t) = Math.DivRem(tile, axes[a].Tile);
                (q, var k) = Math.DivRem(q, given[a].Kernel);
                meetings[index] += checked(step * ((((u * axes[a].Tile) + t) * given[a].Stride) + (k * given[a].Dilation)));
                step *= size[a];
            }
        }

        return scope.Integers("meetings", meetings, [tiles, units, window]);
    }

    private string Cut(string value) => axes.All(static axis => axis.Whole == axis.Output) ? value
        : scope.Slice(value, 2, new int[rank], [.. axes.Select(static axis => axis.Output)]);

    /// <summary>The zeros after the input that the last place of the last tile needs.</summary>
    private static int High(AxisGeometry axis)
    {
        var whole = (axis.Output + axis.Tile - 1) / axis.Tile * axis.Tile;
        return Math.Max(0, checked(((whole - 1) * axis.Stride) + axis.DilatedKernel) - axis.Input - axis.PadLow);
    }

    private IEnumerable<long> Sizes(Func<TiledAxis, int> size) => axes.Select(axis => (long)size(axis));
}
