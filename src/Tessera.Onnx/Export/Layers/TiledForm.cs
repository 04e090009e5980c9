using Tessera.Connections;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// An operator of tile t as one convolution. Place τ of the tile is a convolution by stride s·t of the input from τ·s on; all of them read
/// from one origin once their kernels are moved by τ·s, with zeros around, so that they are channels of one: m·∏t + τ. Their outputs lie
/// between each other, and what the last tile has beyond the output is cut off. A tile of 1 is the convolution itself.
/// </summary>
internal sealed class TiledForm
{
    private readonly LayerScope scope;
    private readonly OperatorGeometry geometry;
    private readonly ChannelForm channels;
    private readonly TiledAxis[] axes;
    private readonly int tiles;

    public TiledForm(LayerScope scope, OperatorGeometry geometry, ChannelForm channels)
    {
        this.scope = scope;
        this.geometry = geometry;
        this.channels = channels;
        axes = [.. geometry.Axes.ToArray().Select(TiledAxis.Of)];
        tiles = checked((int)geometry.Tile.Product);
    }

    /// <summary>Channels of the one convolution.</summary>
    public int Maps => checked(geometry.OutputChannels * tiles);

    /// <summary>How many times larger kernels become by the zeros around them.</summary>
    public static double Extension(OperatorGeometry geometry)
    {
        var factor = 1.0;
        foreach (var axis in geometry.Axes) factor *= TiledAxis.Of(axis).Kernel / (double)axis.Kernel;
        return factor;
    }

    /// <summary>Where the biases of the maps stand among those of the tiles [t…, M], or of the channels [M].</summary>
    public int[]? BiasPlaces(bool perTile) => tiles == 1 ? null
        : [.. Enumerable.Range(0, scope.Count(Maps)).Select(map => perTile ? ((map % tiles) * geometry.OutputChannels) + (map / tiles) : map / tiles)];

    public string Forward(Func<Sizes, int[]?, string> kernel, string? bias)
    {
        string[] operands = [channels.Gather(scope, scope.Input), Kernel(kernel)];
        var value = scope.Node("Conv", bias is null ? operands : [.. operands, bias], [.. Settings(), OnnxAttribute.Of("group", channels.Groups)]);
        if (tiles == 1) return value;
        value = Interleave(value);
        return axes.All(static axis => axis.Whole == axis.Output) ? value : scope.Slice(value, 2, new int[axes.Length], [.. axes.Select(static axis => axis.Output)]);
    }

    public string Transpose(Func<Sizes, int[]?, string> kernel, string? bias)
    {
        var value = scope.Input;
        if (tiles > 1) value = Separate(scope.Border(value, new int[axes.Length], [.. axes.Select(static axis => axis.Whole - axis.Output)]));
        int[] left = [.. axes.Select(static axis => axis.Left)];
        return scope.Node(
            "ConvTranspose",
            bias is null ? [value, Kernel(kernel)] : [value, Kernel(kernel), bias],
            [
                .. WindowSettings.Of(
                    [.. axes.Select(static axis => axis.Kernel)],
                    [.. axes.Select(static axis => axis.Stride)],
                    [.. axes.Select(static axis => axis.Dilation)],
                    [.. axes.Select(static axis => axis.Low)],
                    [.. left.Select(static rest => Math.Max(0, -rest))]),
                WindowSettings.Numbers("output_padding", [.. left.Select(static rest => Math.Max(0, rest))]),
                OnnxAttribute.Of("group", channels.Groups),
            ]);
    }

    private string Kernel(Func<Sizes, int[]?, string> kernel) =>
        kernel([Maps, channels.PerGroup, .. axes.Select(static axis => axis.Kernel)], tiles == 1 && channels.KeepsPairs && !geometry.Axes[0].Flip ? null : Places());

    private OnnxAttribute[] Settings() => WindowSettings.Of(
        [.. axes.Select(static axis => axis.Kernel)],
        [.. axes.Select(static axis => axis.Stride)],
        [.. axes.Select(static axis => axis.Dilation)],
        [.. axes.Select(static axis => axis.Low)],
        [.. axes.Select(static axis => axis.High)]);

    /// <summary>[N, M·∏t, u…] to [N, M, u_1·t_1 …].</summary>
    private string Interleave(string value)
    {
        if (axes.Length == 2 && axes[0].Tile == axes[1].Tile)
            return scope.Node("DepthToSpace", value, OnnxAttribute.Of("blocksize", axes[0].Tile), OnnxAttribute.Of("mode", "CRD"));
        var rank = axes.Length;
        value = scope.Reshape(value, [-1, geometry.OutputChannels, .. axes.Select(static axis => (long)axis.Tile), .. axes.Select(static axis => (long)axis.Units)]);
        value = scope.Transpose(value, [0, 1, .. Enumerable.Range(0, rank).SelectMany(a => new long[] { 2 + rank + a, 2 + a })]);
        return scope.Reshape(value, [-1, geometry.OutputChannels, .. axes.Select(static axis => (long)axis.Whole)]);
    }

    /// <summary>The way back.</summary>
    private string Separate(string value)
    {
        var rank = axes.Length;
        value = scope.Reshape(value, [-1, geometry.OutputChannels, .. axes.SelectMany(static axis => new long[] { axis.Units, axis.Tile })]);
        value = scope.Transpose(value, [0, 1, .. Enumerable.Range(0, rank).Select(a => 3L + (2 * a)), .. Enumerable.Range(0, rank).Select(a => 2L + (2 * a))]);
        return scope.Reshape(value, [-1, Maps, .. axes.Select(static axis => (long)axis.Units)]);
    }

    /// <summary>The kernel's elements in the places of [M·∏t, C/g, k′…].</summary>
    private int[] Places()
    {
        var window = (int)geometry.KernelSize.Product;
        var places = new int[scope.Count(Maps * (double)channels.PerGroup * axes.Aggregate(1.0, static (product, axis) => product * axis.Kernel))];
        var volume = axes.Aggregate(1, static (product, axis) => product * axis.Kernel);
        Array.Fill(places, -1);
        for (var tile = 0; tile < tiles; tile++)
        {
            for (var q = 0; q < window; q++)
            {
                var at = Position(tile, q);
                var element = geometry.Axes[0].Flip ? window - 1 - q : q;
                for (var output = 0; output < geometry.OutputChannels; output++)
                {
                    for (var index = 0; index < channels.PerGroup; index++)
                    {
                        var pair = channels.Pair(output, index);
                        if (pair >= 0) places[(((((output * tiles) + tile) * channels.PerGroup) + index) * volume) + at] = (((tile * geometry.PairCount) + pair) * window) + element;
                    }
                }
            }
        }

        return places;
    }

    /// <summary>Where kernel element q of one place of the tile stands in the larger kernel; both counted row-major.</summary>
    private int Position(int tile, int q)
    {
        int position = 0, step = 1;
        for (var a = axes.Length - 1; a >= 0; a--)
        {
            var (axis, given) = (axes[a], geometry.Axes[a]);
            position += step * ((((tile % axis.Tile) * given.Stride) + ((q % given.Kernel) * given.Dilation)) / axis.Dilation);
            step *= axis.Kernel;
            tile /= axis.Tile;
            q /= given.Kernel;
        }

        return position;
    }
}
