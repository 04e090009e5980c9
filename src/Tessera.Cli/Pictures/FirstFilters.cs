using Tessera.Execution;
using Tessera.Networks.Layers;

namespace Tessera.Cli.Pictures;

/// <summary>Draws the filters of a network's first layer with weights.</summary>
internal static class FirstFilters
{
    /// <summary>Writes the picture, where that layer is one that can be drawn: a convolution, or a dense layer on images.</summary>
    public static bool Write(string path, NetworkParameters<float> parameters)
    {
        var index = parameters.Network.Layers.ToList().FindIndex(layer => layer is Convolution or TransposedConvolution or Dense);
        return index >= 0 && LayerFilters.Write(path, parameters, index);
    }
}
