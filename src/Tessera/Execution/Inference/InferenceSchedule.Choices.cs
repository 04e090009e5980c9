using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Blocked;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Execution.Inference;

/// <summary>What is decided before anything has a place: the algorithm of each node, which of them run for a part of the batch, and whose results are written into a concatenation.</summary>
internal sealed partial class InferenceSchedule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>
    /// Decides how many nodes run for parts of the batch: those on blocks, from the first on, as long as their kernels are smaller than what they read and
    /// write for one example. Their algorithms are chosen again for the part.
    /// </summary>
    private int ChooseParts(IReadOnlyList<InferenceNode> nodes)
    {
        var first = 0;
        long most = 0;
        for (; first < nodes.Count; first++)
        {
            var node = nodes[first];
            if (network.Layers[node.Layer] is Constant) continue;
            if (algorithms[node.Layer] is { GainsByBatch: true }) break;
            if (algorithms[node.Layer] is null && !(network.Layers[node.Layer] is Concatenate && prefersBlocks[node.Output])) break;
            var bytes = node.Sources.Append(node.Output).Sum(value => value == 0 ? network.InputShape.Product : one[value - 1].Product) * Unsafe.SizeOf<T>();
            if (Own(node.Layer).Sum(static parameter => parameter.Description.Shape.Product) * Unsafe.SizeOf<T>() > bytes) break;
            most = Math.Max(most, bytes);
        }

        var together = (int)Math.Clamp(PartBytes / Math.Max(1, most), 1, batch);
        while (batch % together != 0) together--;
        if (first == 0 || together == batch) return 0;
        Parts = batch / together;
        (current, shapes) = (together, network.Shapes(together));
        for (var node = 0; node < first; node++) Choose(nodes[node]);
        (current, shapes) = (batch, network.Shapes(batch));
        return first;
    }

    /// <summary>Decides by which algorithm a node runs.</summary>
    private void Choose(InferenceNode node)
    {
        var layer = node.Layer;
        if (node.Sources.Length == 0) return;
        var shape = ShapeOf(node.Sources[Constants(layer)?.Data ?? 0]);
        var anyBlocks = node.Sources.Any(source => prefersBlocks[source]);
        switch (network.Layers[layer])
        {
            case Convolution:
                if (BlockedKernels.TryConvolution<T>(Geometry(layer, node.Border), current, plan) is { } found)
                {
                    (algorithms[layer], readsPlanes[layer]) = (found.Algorithm, found.ReadsPlanes);
                }

                break;
            case TransposedConvolution transposed when anyBlocks:
                algorithms[layer] = BlockedKernels.TryTransposed<T>(transposed.Resolve(network.InputShapes(layer, current, shapes)), current, plan);
                break;
            case Resize or Upsample or Pad when anyBlocks && network.Layers[layer].PlaneTaps(shape) is { } taps:
                algorithms[layer] = BlockedKernels.TryMap<T>(taps, shape, plan);
                break;
            case MaxPool pool when anyBlocks && !network.Graph.References.Contains(layer):
                algorithms[layer] = BlockedKernels.TryPooling<T>(pool.Operator, shape, plan);
                break;
            case AveragePool pool when anyBlocks:
                algorithms[layer] = BlockedKernels.TryPooling<T>(pool.Operator, shape, plan);
                break;
            case GlobalPool pool when anyBlocks:
                algorithms[layer] = BlockedKernels.TryPooling<T>(pool.Operator, shape, plan);
                break;
            case var _ when anyBlocks && (network.Layers[layer] is BatchNormalisation || Constants(layer) is not null):
                algorithms[layer] = BlockedKernels.Sum<T>(shape, plan.Instructions, scales: true);
                break;
            case Networks.Layers.Add or Multiply when anyBlocks && Pair(node) is { } pair:
                algorithms[layer] = BlockedKernels.Sum<T>(shapes[layer], plan.Instructions, multiplies: network.Layers[layer] is Multiply, repeats: pair.Repeats);
                break;
            case Concatenate { Axis: 1 } when anyBlocks && node.Sources.SkipLast(1).All(source => ShapeOf(source)[1] % width == 0):
                prefersBlocks[node.Output] = true;
                break;
            case var _ when anyBlocks && AloneOf(layer) is IElementwise<T>:
                algorithms[layer] = BlockedKernels.Sum<T>(shape, plan.Instructions);
                break;
        }

        if (algorithms[layer] is not null) prefersBlocks[node.Output] = true;
    }

    /// <summary>The two values that a node adds or multiplies, the second of the first's shape or of one position for each channel; null where they are otherwise.</summary>
    private (int First, int Second, bool Repeats)? Pair(InferenceNode node)
    {
        if (node.Sources is not [var first, var second] || Constants(node.Layer) is not null) return null;
        var shape = shapes[node.Layer];
        if (ShapeOf(first) != shape) (first, second) = (second, first);
        if (ShapeOf(first) != shape || shape.Count < 3) return null;
        if (ShapeOf(second) == shape) return (first, second, false);
        return ShapeOf(second).Count == shape.Count && ShapeOf(second)[0] == shape[0] && ShapeOf(second)[1] == shape[1] && ShapeOf(second).From(2).Product == 1 ? (first, second, true) : null;
    }

    /// <summary>The parts of a concatenation of blocks are written where it has them, each value in one of them at most.</summary>
    private void JoinInPlace(InferenceNode node)
    {
        if (network.Layers[node.Layer] is not Concatenate || !prefersBlocks[node.Output]) return;
        var channel = 0;
        foreach (var source in node.Sources)
        {
            if (source != 0 && within[source] is null && node.Sources.Count(other => other == source) == 1) within[source] = (node.Output, channel);
            channel += ShapeOf(source)[1];
        }
    }

    private bool TakesBorder(int layer, int border) =>
        network.Layers[border] is Pad { Mode: BorderMode.Zero } && BlockedKernels.TryConvolution<T>(Geometry(layer, border), current, plan) is not null;

    /// <summary>The operator of a convolution, with a border's zeros as its own padding.</summary>
    private OperatorGeometry Geometry(int layer, int? border)
    {
        var geometry = ((Convolution)network.Layers[layer]).Resolve(network.InputShapes(layer, current, shapes));
        if (border is not { } before) return geometry;
        var pad = (Pad)network.Layers[before];
        var axes = geometry.Axes.ToArray();
        for (var a = 0; a < axes.Length; a++)
        {
            var (low, high) = (pad.Low[a], pad.High[a]);
            axes[a] = axes[a] with { Input = axes[a].Input - low - high, PadLow = axes[a].PadLow + low, PadHigh = axes[a].PadHigh + high };
        }

        return new OperatorGeometry(geometry.InputChannels, geometry.OutputChannels, geometry.Groups, geometry.Table, axes, geometry.HasTileAxes);
    }

    private bool AddsAlike(int layer) => network.Graph.Sources[layer].All(source => ShapeOf(source + 1) == shapes[layer]);
}
