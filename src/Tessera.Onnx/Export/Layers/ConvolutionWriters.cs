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
    /// How many times larger the zeros between a tile's kernels may make them. Beyond it products of patches are as fast in ONNX Runtime or
    /// faster, and the file smaller by as much: with 16 channels of 32×32, a kernel of 3×3 and a tile of 3×3 (2.8 times) one Conv takes 0.09 ms
    /// and patches 0.14, with a tile of 8×8 (11 times) 0.37 and 0.14.
    /// </summary>
    private const double MostExtension = 3;

    /// <summary>The same of transposes, whose patches cost more to lay over each other: 0.14 and 0.47 ms of a tile of 4×4 (4 times), 0.32 and 0.46 of 8×8.</summary>
    private const double MostExtensionOfTransposes = 6;

    /// <summary>The most axes that Conv and ConvTranspose take in ONNX Runtime.</summary>
    private const int MostAxes = 3;

    public static string Write(LayerScope scope, Convolution layer)
    {
        var geometry = layer.Resolve(scope.Shapes);
        if (UsesTiles(geometry, MostExtension))
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
        scope, layer.Resolve(scope.Shapes), (shape, places) => scope.Weight("kernel", shape, places), layer.Bias, MostExtensionOfTransposes);

    /// <summary>The transpose of an earlier convolution: the very initialiser of that layer, where both are written in one form.</summary>
    public static string WriteTied(LayerScope scope, TiedTranspose layer, Convolution of) => Transpose(
        scope, of.Resolve([scope.Shapes[2]]), (shape, places) => scope.WeightOfReference("kernel", shape, places), layer.Bias, MostExtension);

    private static string Transpose(LayerScope scope, OperatorGeometry geometry, Func<Sizes, int[]?, string> kernel, bool hasBias, double mostExtension)
    {
        var channels = ChannelForm.WithoutGather(scope, geometry);
        if (UsesTiles(geometry, mostExtension)) return new TiledForm(scope, geometry, channels).Transpose(kernel, hasBias ? scope.Weight("bias", [geometry.InputChannels]) : null);
        Sizes bias = [geometry.InputChannels, .. Enumerable.Repeat(1, scope.Rank)];
        var value = new PatchForm(scope, geometry, channels).Transpose(kernel);
        return hasBias ? scope.Node("Add", [value, scope.Weight("bias", bias)]) : value;
    }

    private static bool UsesTiles(OperatorGeometry geometry, double mostExtension) => geometry.Axes.Length <= MostAxes && TiledForm.Extension(geometry) <= mostExtension;
}
