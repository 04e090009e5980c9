using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>The sharing of a network's convolutions as one setting: which layers have it, the network with another one, and its parameters for that.</summary>
internal static class SharingOfNetwork
{
    /// <summary>The layers of these names, or every convolution with more than one output position where none is named.</summary>
    /// <exception cref="ArgumentException">There is no such layer, or it has no kernel over positions; the message says which have.</exception>
    public static IReadOnlyList<string> Layers(NetworkDescription network, IReadOnlyList<string> names)
    {
        string[] convolutions = [.. network.Layers.Where((layer, index) => layer is Convolution && Geometry(network, index)!.OutputSize.Product > 1).Select(layer => layer.Name)];
        if (names.Count == 0)
        {
            return convolutions.Length > 0 ? convolutions
                : throw new ArgumentException("sharing: the network has no convolution with more than one output position, so that there is nothing to share or untie.");
        }

        foreach (var name in names)
        {
            if (network.Find(name) is not { } layer)
            {
                var nearest = Spelling.Nearest(name, network.Layers.Select(known => known.Name).ToArray());
                throw new ArgumentException($"sharing: there is no layer '{name}'{(nearest is null ? $"; convolutions are {Listed()}." : $"; did you mean '{nearest}'?")}");
            }

            if (layer is not (Convolution or TransposedConvolution))
                throw new ArgumentException($"sharing: '{name}' is no convolution but of kind {layer.Kind}, whose weights belong to no position; convolutions are {Listed()}.");
        }

        return [.. names.Distinct(StringComparer.Ordinal)];

        string Listed() => convolutions.Length > 0 ? string.Join(", ", convolutions) : "not among its layers";
    }

    /// <summary>The network with another sharing in these layers.</summary>
    /// <exception cref="ArgumentException">A tile has another number of axes than a layer, or is larger than its output.</exception>
    public static NetworkDescription With(NetworkDescription network, IReadOnlyList<string> names, Sharing sharing) => new(
        network.Name,
        network.InputShape,
        [.. network.Layers.Select((layer, index) => names.Contains(layer.Name) ? With(layer, Geometry(network, index)!, sharing) : layer)],
        network.FurtherOutputs);

    /// <summary>Where a layer's kernel is used; null for a layer that is no convolution.</summary>
    public static OperatorGeometry? Geometry(NetworkDescription network, int layer) => network.Layers[layer] switch
    {
        Convolution convolution => convolution.Resolve(network.InputShapes(layer, 1)),
        TransposedConvolution transposed => transposed.Resolve(network.InputShapes(layer, 1)),
        _ => null,
    };

    /// <summary>
    /// Overwrites a network's parameters by those of another one that differs in the sharing of convolutions alone: kernels and biases go
    /// through <see cref="SharingConversion"/>, all others are copied, so that a finer sharing computes what the other did.
    /// </summary>
    public static void Convert<T>(NetworkParameters<T> from, NetworkParameters<T> to)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var index = 0; index < from.Count; index++)
        {
            var (old, target) = (from[index], to[index]);
            if (old.Description.Shape == target.Description.Shape)
            {
                old.Span.CopyTo(target.Span);
                continue;
            }

            var layer = from.Network.LayerOfParameter(index);
            var geometry = Geometry(from.Network, layer)!;
            var sharing = OperatorOf(to.Network.Layers[layer]).Sharing;
            var converted = old.Role == ParameterRole.Bias
                ? SharingConversion.Bias<T>(geometry, sharing, old.Value)
                : SharingConversion.Kernel<T>(geometry, sharing, old.Value);
            converted.FlattenTo(target.Span);
        }
    }

    private static Layer With(Layer layer, OperatorGeometry geometry, Sharing sharing)
    {
        var fitted = Fitted(layer, geometry, sharing);
        return layer is Convolution convolution
            ? convolution with { Operator = convolution.Operator with { Sharing = fitted } }
            : (TransposedConvolution)layer with { Operator = OperatorOf(layer) with { Sharing = fitted } };
    }

    private static Sharing Fitted(Layer layer, OperatorGeometry geometry, Sharing sharing)
    {
        if (sharing.Tile.Count == 0) return sharing;
        var (tile, output) = (sharing.Tile, geometry.OutputSize);
        if (tile.Count == 1 && output.Count > 1) tile = [.. Enumerable.Repeat(tile[0], output.Count)];
        if (tile.Count != output.Count)
            throw new ArgumentException($"sharing: the tile {tile} has {tile.Count} axes but '{layer.Name}' has {output.Count}; give one number per axis, or a single one for all.");
        for (var axis = 0; axis < tile.Count; axis++)
        {
            if (tile[axis] > output[axis])
                throw new ArgumentException($"sharing: tile {tile[axis]} on axis {axis} is larger than the output {output} of '{layer.Name}'; use at most {output[axis]} there, unshared, or leave the layer out.");
        }

        return Sharing.Tiled(tile);
    }

    private static ConvolutionDescription OperatorOf(Layer layer) => layer is Convolution convolution ? convolution.Operator : ((TransposedConvolution)layer).Operator;
}
