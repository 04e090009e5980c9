using Tessera.Connections;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Networks;

/// <summary>Which inputs of a network every layer's positions depend on, axis by axis, borders and branches included.</summary>
public static class ReceptiveFields
{
    /// <summary>For every layer, in the order of the network's list, the receptive field of its output's positions on each axis of the network's input.</summary>
    /// <remarks>
    /// Where a layer mixes positions (dense, flatten, reshape), it has one position per axis, which depends on everything its inputs do.
    /// </remarks>
    public static IReadOnlyList<IReadOnlyList<AxisReceptiveField>> Of(NetworkDescription network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var size = network.InputShape.From(1);
        AxisReceptiveField[] input = [.. size.Select(AxisReceptiveField.Of)];
        var shapes = network.Shapes(1);
        var result = new AxisReceptiveField[network.Layers.Count][];
        foreach (var index in network.Graph.Order)
        {
            var layer = network.Layers[index];
            // Unpooling is the pooling's windows read backwards, and a tied decoder its encoder's.
            var window = layer is MaxUnpool or TiedTranspose ? network.Graph.References[index]!.Value : index;
            var axes = network.Layers[window].Axes(network.InputShapes(window, 1, shapes));
            if (network.Graph.Sources[index].Length == 0)
            {
                result[index] = Nothing(shapes[index], input.Length);
                continue;
            }

            AxisReceptiveField[]? joined = null;
            foreach (var source in network.Graph.Sources[index])
            {
                var through = Through(layer, axes, source < 0 ? input : result[source], layer.Moves(network.InputShapes(index, 1, shapes)), shapes[index].From(Math.Min(2, shapes[index].Count)));
                joined = joined is null ? through : [.. joined.Zip(through, (one, other) => one.Union(other))];
            }

            result[index] = joined!;
        }

        return result;
    }

    /// <summary>Positions that depend on no input, as a constant's do.</summary>
    private static AxisReceptiveField[] Nothing(Sizes shape, int rank) =>
        [.. Enumerable.Range(0, rank).Select(axis => AxisReceptiveField.Of(1).Gather(Enumerable.Repeat((0, 0), shape.Count == rank + 2 ? shape[axis + 2] : 1)))];

    private static AxisReceptiveField[] Through(Layer layer, IReadOnlyList<AxisGeometry> axes, AxisReceptiveField[] from, CopyMap? moves, Sizes output)
    {
        var transposed = layer is TransposedConvolution or TiedTranspose or MaxUnpool;
        if (axes.Count == from.Length && axes.Select((axis, a) => (transposed ? axis.Output : axis.Input) == from[a].Count).All(fits => fits))
        {
            return [.. from.Select((field, a) => transposed ? field.ThroughTranspose(axes[a]) : field.Through(axes[a]))];
        }

        if (layer is Pad pad && output.Count == from.Length) return [.. from.Select((field, a) => field.Gather(PadLooks(pad, a, field.Count, output[a])))];
        if (layer is Upsample up && output.Count == from.Length) return [.. from.Select((field, a) => field.Gather(UpsampleLooks(up.Mode, up.Factors[a], field.Count)))];

        if (output.Count == from.Length && from.Length > 0 && layer.Looks(0, from[0].Count, output[0]) is not null) return [.. from.Select((field, a) => field.Gather(layer.Looks(a, field.Count, output[a])!))];
        if (moves is { KeepsOrder: true } && !layer.MixesPositions && output.Count == from.Length && moves.Axes.Skip(2).Select(static axis => axis.Source).SequenceEqual(from.Select(static field => field.Count)))
        {
            return [.. from.Select((field, a) => field.Gather(moves.Axes[2 + a].Looks()))];
        }

        // Without windows, positions stay apart where their numbers stay the same; otherwise everything may reach everything.
        var keeps = axes.Count == 0 && moves is null && !layer.MixesPositions && layer is not Reshape and not Dense and not TiedTranspose and not MatrixProduct && output.Count == from.Length && output.Zip(from).All(pair => pair.First == pair.Second.Count);
        return keeps ? from : [.. from.Select((field, a) => field.Everywhere(output.Count == from.Length ? output[a] : 1))];
    }

    private static IEnumerable<(int First, int End)> PadLooks(Pad pad, int axis, int input, int output) =>
        Enumerable.Range(0, output).Select(p => pad.Operator.Source(p - pad.Low[axis], input)).Select(source => source < 0 ? (0, 0) : (source, source + 1));

    private static IEnumerable<(int First, int End)> UpsampleLooks(UpsamplingMode mode, int factor, int input) =>
        Enumerable.Range(0, input * factor).Select(p =>
        {
            if (mode == UpsamplingMode.Nearest) return (p / factor, (p / factor) + 1);

            // Between the centres of two inputs, in units of half an output: exactly on a centre, the neighbour has no weight.
            var (quotient, remainder) = Math.DivRem((2 * p) + 1 + factor, 2 * factor);
            return (Math.Max(0, quotient - 1), Math.Min(input, quotient + (remainder == 0 ? 0 : 1)));
        });
}
