using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>
/// How far the kernels of a tiled or unshared operator have drifted apart: the root mean square deviation of each from
/// the mean kernel, divided by the mean kernel's root mean square. 0 is the same kernel everywhere; from about 1 on, the
/// kernels have nothing in common. Elements count as often as they meet a real input.
/// </summary>
public sealed class TileDrift
{
    private TileDrift(Sizes tile, double[] perTile, double overall)
    {
        Tile = tile;
        PerTile = perTile;
        Overall = overall;
    }

    /// <summary>Tile size [t_1 … t_d].</summary>
    public Sizes Tile { get; }

    /// <summary>The drift of each tile, row-major; 0 for one that no position uses.</summary>
    public IReadOnlyList<double> PerTile { get; }

    /// <summary>The drift of all tiles together.</summary>
    public double Overall { get; }

    /// <summary>The position, within the tile, of the kernel that has drifted furthest.</summary>
    public Sizes Furthest
    {
        get
        {
            var index = Enumerable.Range(0, PerTile.Count).MaxBy(tile => PerTile[tile]);
            return [.. Tile.RowMajorStrides().Select((stride, axis) => (int)(index / stride % Tile[axis]))];
        }
    }

    /// <summary>Measures the kernel of an operator.</summary>
    /// <param name="geometry">The operator.</param>
    /// <param name="kernel">K, of the operator's shape.</param>
    /// <exception cref="ArgumentException">The kernel has another shape.</exception>
    public static TileDrift Of<T>(OperatorGeometry geometry, in ReadOnlyTensorSpan<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(geometry);
        TensorChecks.Dense(kernel, geometry.KernelShape, "kernel");
        var flat = new T[kernel.FlattenedLength];
        kernel.FlattenTo(flat);
        var values = Array.ConvertAll(flat, double.CreateTruncating);
        var mean = SharingConversion.Mean(geometry, values);
        var tiles = (int)geometry.Tile.Product;
        var volume = (int)geometry.KernelSize.Product;
        var uses = Uses(geometry);
        var (perTile, allDeviation, allMean) = (new double[tiles], 0.0, 0.0);
        for (var tile = 0; tile < tiles; tile++)
        {
            var (deviation, norm) = (0.0, 0.0);
            for (var i = 0; i < mean.Length; i++)
            {
                double use = uses[(tile * volume) + (i % volume)], apart = values[(tile * mean.Length) + i] - mean[i];
                deviation += use * apart * apart;
                norm += use * mean[i] * mean[i];
            }

            perTile[tile] = Ratio(deviation, norm);
            allDeviation += deviation;
            allMean += norm;
        }

        return new TileDrift(geometry.Tile, perTile, Ratio(allDeviation, allMean));
    }

    /// <summary>The report in words.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"tile {Tile}: drift {Overall:0.###}, furthest {PerTile.Max():0.###} at ({string.Join(", ", Furthest)})");

    private static double Ratio(double deviation, double norm) => deviation == 0 ? 0 : Math.Sqrt(deviation / norm);

    /// <summary>[tiles, kernel volume]: at how many output positions each tile's element meets a real input.</summary>
    private static double[] Uses(OperatorGeometry geometry)
    {
        double[] uses = [1];
        int tiles = 1, volume = 1;
        foreach (var axis in geometry.Axes)
        {
            var next = new double[uses.Length * axis.Tile * axis.Kernel];
            var same = new TileAxis(axis, axis.Tile);
            for (var tile = 0; tile < tiles * axis.Tile; tile++)
            {
                for (var q = 0; q < volume * axis.Kernel; q++)
                {
                    var reach = axis.Reach(q % axis.Kernel);
                    var on = tile % axis.Tile;
                    next[(tile * volume * axis.Kernel) + q] = uses[(tile / axis.Tile * volume) + (q / axis.Kernel)] * same.Uses(on, on, reach.First, reach.End);
                }
            }

            uses = next;
            tiles *= axis.Tile;
            volume *= axis.Kernel;
        }

        return uses;
    }
}
