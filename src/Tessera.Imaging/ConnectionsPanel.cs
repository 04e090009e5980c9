using System.Globalization;
using Tessera.Connections;

namespace Tessera.Imaging;

/// <summary>The connections of one operator along one spatial axis, as one part of a figure.</summary>
/// <param name="Axis">The axis; its tile says which outputs carry the same weights.</param>
public sealed record ConnectionsPanel(AxisGeometry Axis)
{
    /// <summary>How they are drawn.</summary>
    public ConnectionsKind Kind { get; init; }

    /// <summary>The same connections unshared, tiled and shared (chapter figure 9.16), the tile being the axis's own or else 2.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="withFull">Whether full connections follow (chapter figure 9.14).</param>
    public static IReadOnlyList<ConnectionsPanel> Compare(AxisGeometry axis, bool withFull = false)
    {
        var tile = axis.Tile > 1 && axis.Tile < axis.Output ? axis.Tile : 2;
        List<ConnectionsPanel> panels = [new(axis with { Tile = axis.Output }), new(axis with { Tile = 1 })];
        if (tile < axis.Output) panels.Insert(1, new(axis with { Tile = tile }));
        if (withFull) panels.Add(new(axis) { Kind = ConnectionsKind.Full });
        return panels;
    }

    /// <summary>How many kernels there are that differ.</summary>
    internal int KernelsCarried => Kind == ConnectionsKind.TwoSteps ? 1 : Math.Min(Axis.Tile, Axis.Output);

    /// <summary>How many weights its edges carry.</summary>
    internal long Weights => Kind == ConnectionsKind.Full ? (long)Axis.Input * Axis.Output : (long)KernelsCarried * Axis.Kernel;

    /// <summary>How many inputs and outputs are connected, padding counted out.</summary>
    internal long Connections
    {
        get
        {
            if (Kind == ConnectionsKind.Full) return (long)Axis.Input * Axis.Output;
            long sum = 0;
            for (var q = 0; q < Axis.Kernel; q++)
            {
                var (first, end) = Axis.Reach(q);
                sum += end - first;
            }

            return sum;
        }
    }

    /// <summary>What it is called above its drawing.</summary>
    internal string Heading => Kind switch
    {
        ConnectionsKind.Full => "Fully connected",
        ConnectionsKind.TwoSteps => "The same in two steps: every position, then downsampling",
        _ when Axis.Tile == 1 => "Shared: one kernel for every output",
        _ when Axis.Tile >= Axis.Output => "Unshared: a kernel for each output",
        _ => string.Create(CultureInfo.InvariantCulture, $"Tiled: {Axis.Tile} kernels in turn"),
    };

    /// <summary>The number of the kernel of an output position, which is its hue.</summary>
    internal int KernelOf(int output) => Kind == ConnectionsKind.TwoSteps ? 0 : output % Axis.Tile;

    /// <summary>The number of the weight that kernel element q has at an output position.</summary>
    internal int WeightOf(int output, int q) => checked((KernelOf(output) * Axis.Kernel) + q);
}
