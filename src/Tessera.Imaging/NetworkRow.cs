using System.Globalization;
using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Imaging;

/// <summary>One layer in the figure of a network: its positions along an axis, in units of the input's, and what each is connected to.</summary>
/// <param name="Name">The layer's name.</param>
/// <param name="Kind">What it is, such as <c>convolution</c>.</param>
/// <param name="Count">How many positions it has.</param>
/// <param name="Start">Where position 0 stands.</param>
/// <param name="Jump">How far its positions stand apart.</param>
/// <param name="Axis">The window that made it; for a transposed layer the forward operator's.</param>
/// <param name="IsTransposed">Whether the window is gone through backwards.</param>
internal sealed record NetworkRow(string Name, string Kind, int Count, double Start, double Jump, AxisGeometry Axis, bool IsTransposed)
{
    /// <summary>Whether it is a convolution whose kernel has one place to be.</summary>
    public bool NeverMoves => Kind == "convolution" && Count == 1;

    /// <summary>Where a position stands, padding before the first among them.</summary>
    public double At(double position) => Start + (position * Jump);

    /// <summary>The positions before that one of this layer is connected to; outside of them stands padding.</summary>
    public IEnumerable<int> Sources(int position)
    {
        for (var q = 0; q < Axis.Kernel; q++)
        {
            if (!IsTransposed)
            {
                yield return (position * Axis.Stride) + Axis.Offset(q);
                continue;
            }

            var (source, rest) = Math.DivRem(position - Axis.Offset(q), Axis.Stride);
            if (rest == 0 && source >= 0 && source < Axis.Output) yield return source;
        }
    }

    /// <summary>
    /// The rows of a network along one axis, from the input up: the layers with windows on the way from the last of them back to the input, of
    /// several ways the one with the most windows. Layers that leave positions as they are have no row.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such axis, or no layer with windows.</exception>
    public static IReadOnlyList<NetworkRow> Of(NetworkDescription network, int axis)
    {
        var rank = network.InputShape.Count - 1;
        if (rank == 0) throw new ArgumentException($"{Title(network)}: its input {network.InputShape} has no spatial axes to draw along; give a model of images or signals.", nameof(network));
        if ((uint)axis >= (uint)rank) throw new ArgumentException($"{Title(network)}: its input {network.InputShape} has no axis {axis}; choose 0 to {rank - 1}.", nameof(axis));
        var shapes = network.Shapes(1);
        var size = network.InputShape[1 + axis];
        List<NetworkRow> rows = [new("input", "input", size, 0, 1, default, false)];
        foreach (var index in Path(network, shapes, rank))
        {
            if (Window(network, index, axis) is not { } window) continue;
            var below = rows[^1];
            var (geometry, transposed) = window;
            var middle = ((geometry.DilatedKernel - 1) / 2.0) - geometry.PadLow;
            var jump = transposed ? below.Jump / geometry.Stride : below.Jump * geometry.Stride;
            var start = transposed ? below.Start - (jump * middle) : below.Start + (below.Jump * middle);
            rows.Add(new(network.Layers[index].Name, network.Layers[index].Kind, transposed ? geometry.Input : geometry.Output, start, jump, geometry, transposed));
        }

        return rows.Count > 1 ? rows : throw new ArgumentException($"{Title(network)}: no layer moves a window over its axes, so there are no connections to draw; give a model with convolutions or pooling.", nameof(network));
    }

    private static string Title(NetworkDescription network) => network.Name.Length > 0 ? network.Name : "network";

    /// <summary>The layers from the input to the last that still has the input's axes.</summary>
    private static List<int> Path(NetworkDescription network, IReadOnlyList<Sizes> shapes, int rank)
    {
        var places = network.Layers.Select((layer, index) => (layer.Name, index)).ToDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);
        int[] Before(int index)
        {
            var inputs = network.Layers[index].Inputs;
            if (network.Layers[index].InputCount == 0) return [];
            return inputs.Count == 0 ? [index - 1] : [.. inputs.Select(input => places.GetValueOrDefault(input, -1))];
        }

        // The number of windows on the longest way to each layer; found from wherever it is asked first.
        var windows = new Dictionary<int, int> { [-1] = 0 };
        int WindowsUpTo(int index)
        {
            if (!windows.TryGetValue(index, out var count))
            {
                // No way to the input goes through a layer without inputs.
                count = Before(index).Length == 0 ? int.MinValue / 2 : Before(index).Max(WindowsUpTo) + (Window(network, index, 0) is null ? 0 : 1);
                windows[index] = count;
            }

            return count;
        }

        var path = new List<int>();
        for (var index = network.Layers.Count - 1; index >= 0; index = Before(index).MaxBy(WindowsUpTo)) path.Add(index);
        path.Reverse();

        // Behind a flatten or a dense layer, axes (of a reshape, perhaps) are no longer the input's; nor are positions that were moved.
        return [.. path.TakeWhile(index => shapes[index].Count - 2 == rank
            && network.Layers[index] is not (Reshape or View or Permute or Slice or Gather or Expand or DepthToSpace or SpaceToDepth or PadAxes or Resize))];
    }

    /// <summary>A layer's window along the axis; null where it leaves positions as they are.</summary>
    private static (AxisGeometry Geometry, bool IsTransposed)? Window(NetworkDescription network, int index, int axis)
    {
        var layer = network.Layers[index];
        var before = network.InputShapes(index, 1)[0];
        switch (layer)
        {
            case MaxUnpool or TiedTranspose:
                var owner = network.Layers.ToList().FindIndex(other => other.Name == layer.Reference);
                var windows = network.Layers[owner].Axes(network.InputShapes(owner, 1));
                return windows.Count > axis ? (windows[axis], true) : null;
            case Pad pad:
                return (new AxisGeometry(before[2 + axis], before[2 + axis] + pad.Low[axis] + pad.High[axis], 1, 1, 1, pad.Low[axis], pad.High[axis], 1, false), false);
            case Upsample up:
                var (factor, linear) = (up.Factors[axis], up.Mode != UpsamplingMode.Nearest);
                return (new AxisGeometry(before[2 + axis] * factor, before[2 + axis], linear ? (2 * factor) - (factor % 2) : factor, factor, 1, linear ? factor / 2 : 0, 0, 1, false), true);
        }

        var axes = layer.Axes(network.InputShapes(index, 1));
        return axes.Count > axis ? (axes[axis], layer is TransposedConvolution) : null;
    }
}
