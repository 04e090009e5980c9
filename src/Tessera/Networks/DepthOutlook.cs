using Tessera.Connections;
using Tessera.Networks.Layers;

namespace Tessera.Networks;

/// <summary>
/// How far a network could go on if its last convolution were repeated, on one axis: where zero padding decides between an end and none
/// (chapter figure 9.13).
/// </summary>
/// <param name="Layer">The name of the last convolution.</param>
/// <param name="Axis">The spatial axis, from 0.</param>
/// <param name="Kernel">Its kernel size on that axis.</param>
/// <param name="Sizes">Its output size, and the sizes after each repetition, as long as they fall.</param>
/// <param name="GoesOn">Whether the size then stays or grows, so that any number of layers can follow; otherwise the kernel no longer fits.</param>
public sealed record DepthOutlook(string Layer, int Axis, int Kernel, Sizes Sizes, bool GoesOn)
{
    /// <summary>The outlook on each axis of the last convolution in the network's order; empty where it has none.</summary>
    public static IReadOnlyList<DepthOutlook> Of(NetworkDescription network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var last = network.Graph.Order.LastOrDefault(index => network.Layers[index] is Convolution, -1);
        if (last < 0) return [];
        var layer = (Convolution)network.Layers[last];
        var size = network.Shapes(1)[last].From(2);
        return [.. size.Select((output, axis) => Of(layer, axis, output))];
    }

    private static DepthOutlook Of(Convolution layer, int axis, int output)
    {
        var description = layer.Operator;
        var dilated = (description.DilationOn(axis) * (description.Kernel[axis] - 1)) + 1;
        var sizes = new List<int> { output };
        while (true)
        {
            var (low, high) = description.Padding.Resolve(axis, sizes[^1], dilated, description.StrideOn(axis));
            var next = OperatorGeometry.OutputSizeOf(sizes[^1], low, high, dilated, description.StrideOn(axis));
            if (next < 1 || next >= sizes[^1]) return new DepthOutlook(layer.Name, axis, description.Kernel[axis], [.. sizes], next >= 1);
            sizes.Add((int)next);
        }
    }
}
