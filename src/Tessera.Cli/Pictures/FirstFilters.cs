using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Cli.Pictures;

/// <summary>Draws the filters of a network's first layer with weights.</summary>
internal static class FirstFilters
{
    /// <summary>Writes the picture, where that layer is one that can be drawn: a convolution, or a dense layer on images.</summary>
    public static bool Write(string path, NetworkParameters<float> parameters)
    {
        var index = IndexOf(parameters.Network);
        return index >= 0 && LayerFilters.Write(path, parameters, index);
    }

    /// <summary>The place of that layer; −1 where there is none.</summary>
    public static int IndexOf(NetworkDescription network) => network.Layers.ToList().FindIndex(layer => layer is Convolution or TransposedConvolution or Dense);
}
