using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>
/// Sharing as a dial: the weights of an operator for another tile size. Towards finer (shared to tiled to unshared) each
/// new kernel is a copy and the operator computes what it did; towards coarser each new kernel element is the mean over the
/// output positions at which it meets a real input, so that what a border never used does not count.
/// </summary>
public static class SharingConversion
{
    /// <summary>K [t…, M, C/g, k…] of another sharing.</summary>
    /// <param name="from">The operator that the kernel belongs to.</param>
    /// <param name="to">The sharing to convert to. On each axis its tile must be a multiple or a divisor of the old one, unless one of the two is as long as the output.</param>
    /// <param name="kernel">K, of the operator's shape.</param>
    /// <exception cref="ArgumentException">The kernel has another shape, or the tiles do not fit into each other; the message lists those that do.</exception>
    public static Tensor<T> Kernel<T>(OperatorGeometry from, Sharing to, in ReadOnlyTensorSpan<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(from);
        TensorChecks.Dense(kernel, from.KernelShape, "kernel");
        var tiles = NewTiles(from, to, out var tile);
        Sizes block = from.KernelShape.From(from.HasTileAxes ? from.Tile.Count : 0);
        Sizes shape = (to.IsShared ? Sizes.Empty : tile).Append(block);
        CheckMemory(shape, to);
        var old = new T[kernel.FlattenedLength];
        kernel.FlattenTo(old);
        return Tensor.Create(Average(old, from, tiles, from.PairCount, (int)from.KernelSize.Product, byElement: true), shape.ToLengths());
    }

    /// <summary>b [t…, M] of another sharing, for an operator whose bias is shared as its kernel is.</summary>
    /// <param name="from">The operator that the bias belongs to.</param>
    /// <param name="to">The sharing to convert to.</param>
    /// <param name="bias">b: [M] when shared, [t…, M] else.</param>
    /// <exception cref="ArgumentException">As for <see cref="Kernel"/>.</exception>
    public static Tensor<T> Bias<T>(OperatorGeometry from, Sharing to, in ReadOnlyTensorSpan<T> bias)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(from);
        TensorChecks.Dense(bias, (from.HasTileAxes ? from.Tile : Sizes.Empty).Append([from.OutputChannels]), "bias");
        var tiles = NewTiles(from, to, out var tile);
        Sizes shape = (to.IsShared ? Sizes.Empty : tile).Append([from.OutputChannels]);
        CheckMemory(shape, to);
        var old = new T[bias.FlattenedLength];
        bias.FlattenTo(old);
        return Tensor.Create(Average(old, from, tiles, from.OutputChannels, 1, byElement: false), shape.ToLengths());
    }

    /// <summary>The mean kernel that every position would share, in double.</summary>
    internal static double[] Mean(OperatorGeometry geometry, double[] kernel) =>
        Average(kernel, geometry, NewTiles(geometry, Sharing.Shared, out _), geometry.PairCount, (int)geometry.KernelSize.Product, byElement: true);

    private static TileAxis[] NewTiles(OperatorGeometry from, Sharing to, out Sizes tile)
    {
        ArgumentNullException.ThrowIfNull(to);
        var axes = from.Axes.ToArray();
        if (to.Tile.Count != 0 && to.Tile.Count != axes.Length)
        {
            throw new ArgumentException($"sharing: the tile {to.Tile} has {to.Tile.Count} axes but the operator has {axes.Length}; give one number per spatial axis.", nameof(to));
        }

        var tiles = new TileAxis[axes.Length];
        for (var a = 0; a < axes.Length; a++)
        {
            tiles[a] = new TileAxis(axes[a], to.TileOn(a, axes[a].Output));
            if (tiles[a].IsPossible) continue;
            var old = axes[a].Tile;
            var divisors = string.Join(", ", Enumerable.Range(1, old).Where(t => old % t == 0));
            throw new ArgumentException(
                $"sharing: tile {old} on axis {a} cannot become {tiles[a].Tile}; {divisors}, multiples of {old}, and {axes[a].Output} or more (unshared) would do.", nameof(to));
        }

        tile = [.. tiles.Select(axis => axis.Tile)];
        return tiles;
    }

    private static void CheckMemory(Sizes shape, Sharing to)
    {
        if (shape.Aggregate(1.0, (product, size) => product * size) <= Array.MaxLength) return;
        throw new ArgumentException($"sharing: a tensor {shape} for {to} has more than {Array.MaxLength} elements; use a smaller tile.", nameof(to));
    }

    /// <summary>Values are [old tiles, rows, volume]; gives [new tiles, rows, volume].</summary>
    private static T[] Average<T>(T[] old, OperatorGeometry geometry, TileAxis[] axes, int rows, int volume, bool byElement)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var block = rows * volume;
        var newTiles = axes.Aggregate(1, (product, axis) => product * axis.Tile);
        var values = new T[newTiles * block];
        var position = new int[axes.Length];
        for (var tile = 0; tile < newTiles; tile++)
        {
            for (int a = axes.Length - 1, rest = tile; a >= 0; a--)
            {
                position[a] = rest % axes[a].Tile;
                rest /= axes[a].Tile;
            }

            var to = values.AsSpan(tile * block, block);
            var sources = Sources(axes, position);
            if (sources.Count == 1)
            {
                old.AsSpan(sources[0].Tile * block, block).CopyTo(to);
                continue;
            }

            var uses = sources.Select(source => byElement ? source.UsesByElement(geometry.KernelSize) : [source.Positions]).ToArray();
            for (var q = 0; q < volume; q++)
            {
                var weights = uses.Select(use => use[q]).ToArray();
                if (weights.All(weight => weight == 0)) weights = [.. sources.Select(source => source.Positions)];
                if (weights.All(weight => weight == 0)) Array.Fill(weights, 1);
                var total = weights.Sum();
                for (var row = 0; row < rows; row++)
                {
                    var sum = 0.0;
                    for (var s = 0; s < weights.Length; s++) sum += weights[s] * double.CreateTruncating(old[(sources[s].Tile * block) + (row * volume) + q]);
                    to[(row * volume) + q] = T.CreateTruncating(sum / total);
                }
            }
        }

        return values;
    }

    /// <summary>All old tiles, over all axes, that a new tile is made of.</summary>
    private static List<TileSource> Sources(TileAxis[] axes, int[] position)
    {
        var sources = new List<TileSource> { new(0, []) };
        for (var a = 0; a < axes.Length; a++)
        {
            var (axis, tile) = (axes[a], position[a]);
            sources = [.. from source in sources from old in axis.Sources(tile) select source.With(axis, tile, old)];
        }

        return sources;
    }

    /// <summary>One old tile that a new tile is made of, with how often either kernel element is used by both.</summary>
    private sealed record TileSource(int Tile, (TileAxis Axis, int New, int Old)[] Places)
    {
        /// <summary>The number of output positions that use it.</summary>
        public double Positions => Places.Aggregate(1.0, (product, place) => product * place.Axis.Uses(place.New, place.Old, 0, place.Axis.Geometry.Output));

        public TileSource With(TileAxis axis, int tile, int old) => new((Tile * axis.Geometry.Tile) + old, [.. Places, (axis, tile, old)]);

        /// <summary>For each kernel element, the number of output positions at which it meets a real input.</summary>
        public double[] UsesByElement(Sizes kernel)
        {
            double[] uses = [1];
            for (var a = 0; a < Places.Length; a++)
            {
                var (axis, tile, old) = Places[a];
                var along = Enumerable.Range(0, kernel[a]).Select(q => axis.Geometry.Reach(q)).Select(reach => axis.Uses(tile, old, reach.First, reach.End)).ToArray();
                uses = [.. from before in uses from use in along select before * use];
            }

            return uses;
        }
    }
}
