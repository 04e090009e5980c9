using Tessera.Execution;
using Tessera.Imaging;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Cli.Pictures;

/// <summary>
/// The filters of one layer as a mosaic: of a convolution, its kernels, with a row for each tile or position where it has several; of a transposed
/// one, what each input channel paints; of a dense layer, what each output looks for in the images that come in.
/// </summary>
internal static class LayerFilters
{
    /// <summary>Writes the picture, where the layer is one that can be drawn.</summary>
    /// <returns>Whether it could.</returns>
    public static bool Write(string path, NetworkParameters<float> parameters, int index)
    {
        var network = parameters.Network;
        if (!CanDraw(network, index)) return false;
        var layer = network.Layers[index];
        var kernel = parameters[layer.Name + ".kernel"];
        if (layer is Dense dense) FilterMosaic.Write(path, $"{layer.Name}: {dense.Outputs} filters", kernel.Span, [dense.Outputs, .. ImageInto(network, index)!.Value.AsSpan()]);
        else Write(path, layer.Name, kernel.Span, kernel.Description.Shape, (layer as Convolution)?.Operator ?? ((TransposedConvolution)layer).Operator);
        return true;
    }

    /// <summary>Whether a layer is one that <see cref="Write(string, NetworkParameters{float}, int)"/> can draw.</summary>
    public static bool CanDraw(NetworkDescription network, int index) => network.Layers[index] switch
    {
        Convolution convolution => convolution.Operator.Rank <= 3,
        TransposedConvolution transposed => transposed.Operator.Rank <= 3,
        Dense => ImageInto(network, index) is not null,
        _ => false,
    };

    /// <summary>Writes the mosaic of a kernel tensor of an operator.</summary>
    public static void Write(string path, string name, ReadOnlySpan<float> kernel, Sizes shape, ConvolutionDescription of)
    {
        var tiles = of.Sharing.IsShared ? Sizes.Empty : Sizes.Create(shape.AsSpan()[..of.Rank]);
        var filter = shape.From(tiles.Count);

        // With a table there is one plane per connected pair: [P, k…] stands for [P, 1, k…].
        if (filter.Count == of.Rank + 1) filter = [filter[0], 1, .. filter.From(1).AsSpan()];
        FilterMosaic.Write(path, $"{name}: {filter[0]} filters", TilesLast(kernel, (int)tiles.Product), filter, tiles);
    }

    /// <summary>The shape [C, i…] of the images that a dense layer sees, also through a flatten or what changes no shape; null where they are none.</summary>
    private static Sizes? ImageInto(NetworkDescription network, int index)
    {
        var names = network.Layers.Select(layer => layer.Name).ToList();
        var features = network.InputShapes(index, 1)[0].From(1).Product;
        while (true)
        {
            var shape = network.InputShapes(index, 1)[0].From(1);
            if (shape.Product != features) return null;
            if (shape.Count is >= 2 and <= 4) return shape;
            var inputs = network.Layers[index].Inputs;
            if (inputs.Count > 1) return null;
            index = inputs.Count == 0 ? index - 1 : names.IndexOf(inputs[0]);

            // Behind another layer with weights the numbers are no longer pixels.
            if (index < 0 || network.Layers[index] is Dense or Constant) return null;
        }
    }

    /// <summary>From [tile, filter] to [filter, tile], which is how the picture takes them.</summary>
    private static float[] TilesLast(ReadOnlySpan<float> kernel, int tiles)
    {
        var each = kernel.Length / tiles;
        var turned = new float[kernel.Length];
        for (var tile = 0; tile < tiles; tile++)
        {
            for (var element = 0; element < each; element++) turned[(element * tiles) + tile] = kernel[(tile * each) + element];
        }

        return turned;
    }
}
