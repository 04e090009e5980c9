using Tessera.Connections;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// An operator of any tile as matrix products. Each axis is gathered into [u, t, k]: tile, place of the tile, kernel element. What a place τ
/// of the tile sees in all tiles and examples is then a matrix [C/g·∏k, N·∏u] for each group, and its kernel, as it lies in memory, the
/// matrix [M/g, C/g·∏k] that multiplies it. The transpose multiplies by the transposed kernels and lays the patches over each other (Col2Im).
/// </summary>
internal sealed class PatchForm
{
    private readonly LayerScope scope;
    private readonly OperatorGeometry geometry;
    private readonly ChannelForm channels;
    private readonly TiledAxis[] axes;
    private readonly int rank;
    private readonly int tiles;
    private readonly int window;

    public PatchForm(LayerScope scope, OperatorGeometry geometry, ChannelForm channels)
    {
        this.scope = scope;
        this.geometry = geometry;
        this.channels = channels;
        axes = [.. geometry.Axes.ToArray().Select(TiledAxis.Of)];
        rank = axes.Length;
        tiles = (int)geometry.Tile.Product;
        window = (int)geometry.KernelSize.Product;
    }

    /// <summary>The shape in which biases [t…, M], or [M], are added to the products.</summary>
    public Sizes BiasShape(bool perTile) => [perTile ? tiles : 1, channels.Groups, channels.Outputs / channels.Groups, 1];

    public string Forward(Func<Sizes, int[]?, string> kernel, string? bias)
    {
        var value = channels.Gather(scope, scope.Input);
        value = scope.Border(value, [.. axes.Select(static axis => axis.Low)], [.. geometry.Axes.ToArray().Select(High)]);
        for (var a = 0; a < rank; a++) value = scope.Node("Gather", [value, Meetings(a)], OnnxAttribute.Of("axis", 2 + (3 * a)));

        // [N, C, u, t, k, u, t, k …] to [t…, C, k…, N, u…].
        value = scope.Transpose(value, [.. Places(1, 3), 1, .. Places(2, 3), 0, .. Places(0, 3)]);
        value = scope.Reshape(value, tiles, channels.Groups, channels.PerGroup * window, -1);
        value = scope.Node("MatMul", [Kernel(kernel), value]);
        if (bias is not null) value = scope.Node("Add", [value, bias]);

        // [t…, M, N, u…] to [N, M, u, t, u, t …].
        value = scope.Reshape(value, [.. Sizes(static axis => axis.Tile), channels.Outputs, -1, .. Sizes(static axis => axis.Units)]);
        value = scope.Transpose(value, [rank + 1, rank, .. Enumerable.Range(0, rank).SelectMany(a => new long[] { rank + 2 + a, a })]);
        value = scope.Reshape(value, [-1, channels.Outputs, .. Sizes(static axis => axis.Whole)]);
        return Cut(value);
    }

    public string Transpose(Func<Sizes, int[]?, string> kernel)
    {
        var value = scope.Border(scope.Input, new int[rank], [.. axes.Select(static axis => axis.Whole - axis.Output)]);

        // [N, M, u, t, u, t …] to [t…, M, N, u…].
        value = scope.Reshape(value, [-1, channels.Outputs, .. axes.SelectMany(static axis => new long[] { axis.Units, axis.Tile })]);
        value = scope.Transpose(value, [.. Places(1, 2), 1, 0, .. Places(0, 2)]);
        value = scope.Reshape(value, tiles, channels.Groups, channels.Outputs / channels.Groups, -1);
        value = scope.Node("MatMul", [scope.Transpose(Kernel(kernel), 0, 1, 3, 2), value]);

        // [t…, C·k…, N, u…] to [N, C·k…, u, t, u, t …].
        value = scope.Reshape(value, [.. Sizes(static axis => axis.Tile), channels.Inputs * window, -1, .. Sizes(static axis => axis.Units)]);
        value = scope.Transpose(value, [rank + 1, rank, .. Enumerable.Range(0, rank).SelectMany(a => new long[] { rank + 2 + a, a })]);
        value = Cut(scope.Reshape(value, [-1, channels.Inputs * window, .. Sizes(static axis => axis.Whole)]));
        return Overlay(value);
    }

    /// <summary>
    /// Adds the patches [N, C·k…, o…] up where they meet, to [N, C, i…]. ONNX Runtime's Col2Im goes wrong where kernels are dilated, so their
    /// elements are drawn apart by zeros first: k·δ of them, δ − 1 more than the dilated kernel has, which reach into as much more padding.
    /// </summary>
    private string Overlay(string value)
    {
        var given = geometry.Axes.ToArray();
        var positions = geometry.OutputSize.Product;
        var isDilated = given.Any(static axis => axis.Dilation > 1);
        if (isDilated)
        {
            value = scope.Reshape(value, [-1, channels.Inputs, .. given.SelectMany(static axis => new long[] { axis.Kernel, 1 }), positions]);
            var none = new int[(2 * rank) + 1];
            value = scope.Border(value, none, [.. given.SelectMany(static axis => new[] { 0, axis.Dilation - 1 }), 0]);
        }

        long[] apart = [.. given.Select(static axis => (long)axis.Kernel * axis.Dilation)];
        value = scope.Reshape(value, -1, apart.Aggregate((long)channels.Inputs, static (product, size) => product * size), positions);
        return scope.Node(
            "Col2Im",
            [value, scope.Integers("size", [.. geometry.InputSize]), scope.Integers("window", apart)],
            WindowSettings.Numbers("strides", [.. given.Select(static axis => axis.Stride)]),
            WindowSettings.Numbers("pads", [.. given.Select(static axis => axis.PadLow), .. given.Select(static axis => axis.PadHigh + axis.Dilation - 1)]));
    }

    private string Kernel(Func<Sizes, int[]?, string> kernel)
    {
        int rows = channels.Outputs / channels.Groups, columns = channels.PerGroup * window;
        Sizes shape = [tiles, channels.Groups, rows, columns];
        if (channels.KeepsPairs && !geometry.Axes[0].Flip) return kernel(shape, null);
        var places = new int[scope.Count(shape.Product)];
        for (var index = 0; index < places.Length; index++)
        {
            var (row, column) = Math.DivRem(index, columns);
            var (tile, output) = Math.DivRem(row, channels.Outputs);
            var pair = channels.Pair(output, column / window);
            var q = column % window;
            places[index] = pair < 0 ? -1 : (((tile * geometry.PairCount) + pair) * window) + (geometry.Axes[0].Flip ? window - 1 - q : q);
        }

        return kernel(shape, places);
    }

    /// <summary>What each kernel element of each place of each tile meets on one axis, [u, t, k], counted from the first zero before the input.</summary>
    private string Meetings(int a)
    {
        var (axis, given) = (axes[a], geometry.Axes[a]);
        var meetings = new long[scope.Count(axis.Whole * (double)given.Kernel)];
        for (var index = 0; index < meetings.Length; index++) meetings[index] = (index / given.Kernel * (long)given.Stride) + (index % given.Kernel * (long)given.Dilation);
        return scope.Integers("meetings", meetings, [axis.Units, axis.Tile, given.Kernel]);
    }

    private string Cut(string value) => axes.All(static axis => axis.Whole == axis.Output) ? value
        : scope.Slice(value, 2, new int[rank], [.. axes.Select(static axis => axis.Output)]);

    /// <summary>The zeros after the input that the last place of the last tile needs.</summary>
    private static int High(AxisGeometry axis)
    {
        var whole = (axis.Output + axis.Tile - 1) / axis.Tile * axis.Tile;
        return Math.Max(0, ((whole - 1) * axis.Stride) + axis.DilatedKernel - axis.Input - axis.PadLow);
    }

    /// <summary>The places of the <paramref name="offset"/>-th part of each axis, where axes are in <paramref name="parts"/> parts after [N, C].</summary>
    private IEnumerable<long> Places(int offset, int parts) => Enumerable.Range(0, rank).Select(a => 2L + (parts * a) + offset);

    private IEnumerable<long> Sizes(Func<TiledAxis, int> size) => axes.Select(axis => (long)size(axis));
}
