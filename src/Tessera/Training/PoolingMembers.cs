using System.Globalization;
using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Training;

/// <summary>
/// Which inputs each maximum of a layer is taken over: for every output element, the places of its members in the input, −1 for one that
/// lies in the padding; and what they are.
/// </summary>
internal sealed class PoolingMembers
{
    private readonly int[] places;
    private readonly Func<int, int, string> describe;

    private PoolingMembers(Sizes input, Sizes output, int count, int[] places, Func<int, int, string> describe)
    {
        (Input, Output, Count, this.places, this.describe) = (input, output, count, places, describe);
    }

    /// <summary>The layer's input for one sample, [C, i…].</summary>
    public Sizes Input { get; }

    /// <summary>The layer's output for one sample, [C, o…].</summary>
    public Sizes Output { get; }

    /// <summary>Members of each maximum.</summary>
    public int Count { get; }

    /// <summary>The members of a layer of a network.</summary>
    /// <exception cref="ArgumentException">The layer takes no maxima.</exception>
    public static PoolingMembers Of(NetworkDescription network, int layer)
    {
        var (input, output) = (network.InputShapes(layer, 1)[0].From(1), network.Shapes(1)[layer].From(1));
        var source = network.Graph.Sources[layer][0];
        return network.Layers[layer] switch
        {
            ChannelPool pool => OverChannels(input, output, pool.Size),
            MaxPool pool => OverPositions(input, output, [.. pool.Axes(network.InputShapes(layer, 1))], source < 0 ? null : SharingOfNetwork.Geometry(network, source)),
            var other => throw new ArgumentException($"invariance: '{other.Name}' is of kind {other.Kind}, which takes no maxima; name a max-pool or channel-pool."),
        };
    }

    /// <summary>The members' places in the input of one maximum.</summary>
    public ReadOnlySpan<int> Places(int output) => places.AsSpan(output * Count, Count);

    /// <summary>What a member of one maximum is.</summary>
    public string Describe(int output, int member) => describe(output, member);

    /// <summary>The member with the largest value, the first of equals.</summary>
    public int Winner(int output, ReadOnlySpan<double> input)
    {
        var own = Places(output);
        var best = -1;
        for (var member = 0; member < own.Length; member++)
        {
            if (own[member] >= 0 && (best < 0 || input[own[member]] > input[own[best]])) best = member;
        }

        return best;
    }

    private static PoolingMembers OverChannels(Sizes input, Sizes output, int size)
    {
        var plane = (int)input.From(1).Product;
        var places = new int[input.Product];
        for (var i = 0; i < places.Length; i++)
        {
            var (o, member) = (i / size, i % size);
            places[i] = (((o / plane * size) + member) * plane) + (o % plane);
        }

        return new PoolingMembers(input, output, size, places, (o, member) => string.Create(CultureInfo.InvariantCulture, $"filter {(o / plane * size) + member}"));
    }

    private static PoolingMembers OverPositions(Sizes input, Sizes output, AxisGeometry[] axes, OperatorGeometry? before)
    {
        var (windows, positions, plane) = ((int)axes.Aggregate(1L, (product, axis) => product * axis.Kernel), (int)output.From(1).Product, (int)input.From(1).Product);
        var places = new int[output.Product * windows];
        for (var i = 0; i < places.Length; i++)
        {
            var at = At(i / windows % positions, i % windows, out var isInside);
            places[i] = isInside ? (i / windows / positions * plane) + RowMajor(at) : -1;
        }

        var tiled = before is { HasTileAxes: true, IsUnshared: false };
        return new PoolingMembers(input, output, windows, places, (o, member) =>
        {
            var at = At(o % positions, member, out _);
            if (tiled) return "tile " + string.Join(',', at.Select((x, axis) => x % before!.Tile[axis]));
            return (before is { IsUnshared: true } ? "own " : "at ") + string.Join(',', at);
        });

        int RowMajor(int[] at)
        {
            var place = 0;
            for (var axis = 0; axis < axes.Length; axis++) place = (place * axes[axis].Input) + at[axis];
            return place;
        }

        int[] At(int position, int window, out bool isInside)
        {
            var at = new int[axes.Length];
            isInside = true;
            for (var axis = axes.Length - 1; axis >= 0; axis--)
            {
                var (geometry, q) = (axes[axis], window % axes[axis].Kernel);
                at[axis] = (position % geometry.Output * geometry.Stride) + geometry.Offset(q);
                isInside &= (uint)at[axis] < (uint)geometry.Input;
                position /= geometry.Output;
                window /= geometry.Kernel;
            }

            return at;
        }
    }
}
