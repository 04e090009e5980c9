using Tessera.Connections;
using Tessera.Networks.Initialisers;

namespace Tessera.Networks.Layers;

/// <summary>Describes the kernel of a convolution or of its transpose: its fans follow from who reaches whom.</summary>
internal static class KernelParameter
{
    /// <summary>
    /// One output sums the kernel elements of the channels it sees; how often a kernel repeats over positions (shared,
    /// tiled, unshared) changes no fan. The transpose swaps the two sides, and a stride thins what one output sums.
    /// </summary>
    public static ParameterDescription Of(OperatorGeometry geometry, bool transposed, Initialiser? initialiser)
    {
        var volume = geometry.KernelSize.Product;
        long stride = 1;
        foreach (var axis in geometry.Axes) stride *= Math.Min(axis.Stride, axis.Kernel);
        var fanIn = Clamp(geometry.PairCount * volume / geometry.OutputChannels);
        var fanOut = Clamp(geometry.PairCount * volume / geometry.InputChannels);
        var tiles = (int)geometry.Tile.Product;
        var rows = geometry.OutputChannels / geometry.Groups;
        return new ParameterDescription(
            "kernel",
            geometry.KernelShape,
            transposed ? Clamp(fanOut / stride) : fanIn,
            transposed ? fanIn : fanOut,
            ParameterRole.Weight)
        {
            Initialiser = initialiser,
            Table = transposed ? null : geometry.Table,
            HasRaggedRows = geometry.Table is not null,
            Matrices = geometry.Table is not null
                ? [tiles, geometry.PairCount, (int)volume]
                : [tiles * geometry.Groups, rows, (int)(geometry.KernelShape.Product / ((long)tiles * geometry.OutputChannels))],
        };

        static int Clamp(long fan) => (int)Math.Clamp(fan, 1, int.MaxValue);
    }
}
