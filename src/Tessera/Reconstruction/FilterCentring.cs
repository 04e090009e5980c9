using System.Numerics;
using Tessera.Connections;

namespace Tessera.Reconstruction;

/// <summary>
/// Moves filters within their kernels. Where kernels are shared, a filter moved by d elements with its codes moved the other way says the same, so
/// learning settles on a filter cut off by its kernel's border as on a whole one. A filter is moved towards the middle as long as that
/// cuts off next to nothing, and has then room to grow at the other end. On an axis of stride s, dilation δ and tile t only moves by multiples of
/// lcm(δ, s·t) / δ elements can be made good by codes; unshared filters never move.
/// </summary>
internal sealed class FilterCentring(OperatorGeometry geometry, FilterBank filters)
{
    /// <summary>The part of a filter's energy that a move may cut off.</summary>
    private const double Cut = 0.01;

    private readonly double[] energies = new double[geometry.KernelSize.Max()];

    /// <summary>Moves each filter by at most one period on each axis.</summary>
    public void Apply<T>(Span<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var inner = 1;
        for (var a = geometry.Axes.Length - 1; a >= 0; a--)
        {
            var axis = geometry.Axes[a];
            var period = Period(axis);
            if (period < axis.Kernel)
            {
                for (var f = 0; f < filters.Count; f++) Centre(filters.Filter(kernel, f), axis.Kernel, inner, (int)period);
            }

            inner *= axis.Kernel;
        }
    }

    private static long Period(in AxisGeometry axis)
    {
        var step = (long)axis.Stride * axis.Tile;
        var (divisor, rest) = (step, (long)axis.Dilation);
        while (rest != 0) (divisor, rest) = (rest, divisor % rest);
        return step / divisor;
    }

    private void Centre<T>(Span<T> filter, int taps, int inner, int period)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Array.Clear(energies);
        for (var i = 0; i < filter.Length; i++)
        {
            var value = double.CreateTruncating(filter[i]);
            energies[i / inner % taps] += value * value;
        }

        double total = 0, offset = 0;
        for (var q = 0; q < taps; q++)
        {
            total += energies[q];
            offset += energies[q] * (q - ((taps - 1) / 2.0));
        }

        // Only where the centre comes nearer to the middle, so that no filter goes to and fro.
        if (!(Math.Abs(offset) > 0.5 * period * total)) return;
        var down = offset > 0;
        double lost = 0;
        for (var q = 0; q < period; q++) lost += energies[down ? q : taps - 1 - q];
        if (lost > Cut * total) return;
        var distance = period * inner;
        for (var start = 0; start < filter.Length; start += taps * inner)
        {
            var block = filter.Slice(start, taps * inner);
            if (down)
            {
                block[distance..].CopyTo(block);
                block[^distance..].Clear();
            }
            else
            {
                block[..^distance].CopyTo(block[distance..]);
                block[..distance].Clear();
            }
        }
    }
}
