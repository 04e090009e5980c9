using Tessera.Connections;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// Convolutions and transposes of every sharing and connection. ONNX has the shared ones alone. Those of a small tile become one Conv or
/// ConvTranspose with a channel for each place of the tile (<see cref="TiledForm"/>, of which shared is a tile of 1); those of a large one,
/// unshared ones among them, a matrix product for each place (<see cref="PatchForm"/>).
/// </summary>
internal static class ConvolutionWriters
{
    /// <summary>
    /// How many times larger the zeros between a tile's kernels may make them: beyond it the products of patches are faster in ONNX Runtime,
    /// though they copy, and the file smaller.
    /// </summary>
    private const double MostExtension = 4;

    /// <summary>The most axes that Conv and ConvTranspose take in ONNX Runtime.</summary>
    private const int MostAxes = 3;

    public static string Write(LayerScope scope, Convolution layer)
    {
        var geometry = layer.Resolve(scope.Shapes);
        if (UsesTiles(geometry))
        {
            var form = new TiledForm(scope, geometry, ChannelForm.Of(scope, geometry));
            return form.Forward(Kernel, HasBias() ? scope.Weight("bias", [form.Maps], form.BiasPlaces(IsPerTile())) : null);
        }

        var patches = new PatchForm(scope, geometry, ChannelForm.Of(scope, geometry));
        return patches.Forward(Kernel, HasBias() ? scope.Weight("bias", patches.BiasShape(IsPerTile())) : null);

        bool HasBias() => layer.Operator.Bias != BiasSharing.None;
        bool IsPerTile() => layer.Operator.Bias == BiasSharing.LikeKernel && geometry.HasTileAxes;
        string Kernel(Sizes shape, int[]? places) => scope.Weight("kernel", shape, places);
    }

    public static string Write(LayerScope scope, TransposedConvolution layer) => Transpose(
        scope, layer.Resolve(scope.Shapes), (shape, places) => scope.Weight("kernel", shape, places), layer.Bias);

    /// <summary>The transpose of an earlier convolution: the very initialiser of that layer, where both are written in one form.</summary>
    public static string WriteTied(LayerScope scope, TiedTranspose layer, Convolution of) => Transpose(
        scope, of.Resolve([scope.Shapes[2]]), (shape, places) => scope.WeightOfReference("kernel", shape, places), layer.Bias);

    private static string Transpose(LayerScope scope, OperatorGeometry geometry, Func<Sizes, int[]?, string> kernel, bool hasBias)
    {
        var channels = ChannelForm.WithoutGather(scope, geometry);
        if (UsesTiles(geometry)) return new TiledForm(scope, geometry, channels).Transpose(kernel, hasBias ? scope.Weight("bias", [geometry.InputChannels]) : null);
        Sizes bias = [geometry.InputChannels, .. Enumerable.Repeat(1, scope.Rank)];
        var value = new PatchForm(scope, geometry, channels).Transpose(kernel);
        return hasBias ? scope.Node("Add", [value, scope.Weight("bias", bias)]) : value;
    }

    private static bool UsesTiles(OperatorGeometry geometry) => geometry.Axes.Length <= MostAxes && TiledForm.Extension(geometry) <= MostExtension;
}
