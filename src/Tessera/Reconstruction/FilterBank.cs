using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Reconstruction;

/// <summary>
/// A kernel tensor as the filters of a dictionary: a filter is what feeds one code unit, all kernel elements of one output channel m at one
/// tile position τ, over the channels it is connected to. Filters are numbered τ · M + m, and stand in memory one behind the other.
/// </summary>
internal sealed class FilterBank
{
    private readonly int[] starts;
    private readonly int[] tileOf;

    public FilterBank(OperatorGeometry geometry)
    {
        Outputs = geometry.OutputChannels;
        Positions = (int)geometry.OutputSize.Product;
        var (tiles, volume) = ((int)geometry.Tile.Product, (int)geometry.KernelSize.Product);
        starts = new int[(tiles * Outputs) + 1];
        for (var f = 0; f < Count; f++) starts[f + 1] = starts[f] + (geometry.FanIn(f % Outputs) * volume);
        tileOf = new int[Positions];
        for (var p = 0; p < Positions; p++)
        {
            int rest = p, place = 1;
            for (var a = geometry.Axes.Length - 1; a >= 0; a--)
            {
                var axis = geometry.Axes[a];
                tileOf[p] += rest % axis.Output % axis.Tile * place;
                rest /= axis.Output;
                place *= axis.Tile;
            }
        }
    }

    /// <summary>M.</summary>
    public int Outputs { get; }

    /// <summary>∏o, the positions of one channel's codes.</summary>
    public int Positions { get; }

    /// <summary>How many filters there are.</summary>
    public int Count => starts.Length - 1;

    /// <summary>The tile position of an output position.</summary>
    public int TileOf(int position) => tileOf[position];

    /// <summary>One filter of a kernel tensor.</summary>
    public Span<T> Filter<T>(Span<T> kernel, int filter) => kernel[starts[filter]..starts[filter + 1]];

    /// <summary>The same, to read.</summary>
    public ReadOnlySpan<T> Filter<T>(ReadOnlySpan<T> kernel, int filter) => kernel[starts[filter]..starts[filter + 1]];

    /// <summary>Brings every filter to norm 1; one of zeros stays.</summary>
    public void Normalise<T>(Span<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var f = 0; f < Count; f++)
        {
            var filter = Filter(kernel, f);
            var norm = Math.Sqrt(FixedSums.Squares<T>(filter));
            if (norm > 0) TensorPrimitives.Multiply(filter, T.CreateTruncating(1 / norm), filter);
        }
    }

    /// <summary>Σ z² over the units of each filter.</summary>
    /// <param name="codes">[N, M, o…].</param>
    /// <param name="energies">A number for each filter; overwritten.</param>
    public void Energies<T>(ReadOnlySpan<T> codes, Span<double> energies)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        energies.Clear();
        for (var plane = 0; plane < codes.Length / Positions; plane++)
        {
            var values = codes.Slice(plane * Positions, Positions);
            var m = plane % Outputs;
            if (Count == Outputs)
            {
                energies[m] += FixedSums.Squares(values);
                continue;
            }

            for (var p = 0; p < values.Length; p++)
            {
                var value = double.CreateTruncating(values[p]);
                energies[(tileOf[p] * Outputs) + m] += value * value;
            }
        }
    }
}
