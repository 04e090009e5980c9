using Tessera.Execution;
using Tessera.Imaging;
using Tessera.Networks.Layers;

namespace Tessera.Cli;

/// <summary>Draws the filters of a network's first layer with weights.</summary>
internal static class FirstFilters
{
    /// <summary>Writes the picture, where that layer is one that can be drawn: a convolution, or a dense layer on images.</summary>
    public static bool Write(string path, NetworkParameters<float> parameters)
    {
        var network = parameters.Network;
        for (var index = 0; index < network.Layers.Count; index++)
        {
            switch (network.Layers[index])
            {
                case Convolution convolution when convolution.Operator.Rank <= 3:
                    var kernel = parameters[convolution.Name + ".kernel"];
                    var rank = convolution.Operator.Rank;
                    var tiles = convolution.Operator.Sharing.IsShared ? Sizes.Empty : Sizes.Create(kernel.Description.Shape.AsSpan()[..rank]);
                    var filter = kernel.Description.Shape.From(tiles.Count);
                    // With a table there is one plane per connected pair: [P, k…] stands for [P, 1, k…].
                    if (filter.Count == rank + 1) filter = [filter[0], 1, .. filter.From(1).AsSpan()];
                    FilterMosaic.Write(path, $"{convolution.Name}: {filter[0]} filters", TilesLast(kernel.Span, (int)tiles.Product), filter, tiles);
                    return true;
                case Dense dense when network.InputShapes(index, 1)[0].Count is > 2 and <= 5:
                    var weights = parameters[dense.Name + ".kernel"];
                    FilterMosaic.Write(path, $"{dense.Name}: {dense.Outputs} filters", weights.Span, [dense.Outputs, .. network.InputShapes(index, 1)[0].From(1).AsSpan()]);
                    return true;
                case TransposedConvolution or Convolution or Dense:
                    return false;
            }
        }

        return false;
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
