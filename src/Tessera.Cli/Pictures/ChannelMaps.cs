using System.Globalization;
using Tessera.Imaging;

namespace Tessera.Cli.Pictures;

/// <summary>The channels of one activation as rows of a sheet, sixteen in a row, each on a scale of its own.</summary>
internal static class ChannelMaps
{
    /// <summary>How many stand in a row.</summary>
    public const int PerRow = 16;

    /// <summary>The side of a map in pixels.</summary>
    public const int Side = 64;

    /// <summary>What a sheet says of the scale of maps, which of signals are curves.</summary>
    public static string Scale(Sizes input) => input.Count == 2
        ? "each curve from its smallest value at the bottom to its largest at the top, named below it"
        : "each map from black for its smallest value to white for its largest, named below it";

    /// <summary>The rows.</summary>
    /// <param name="name">What the first of them is called.</param>
    /// <param name="values">[C, o…], row-major.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="mapShape">What one channel is shown as.</param>
    /// <param name="most">The most channels to show.</param>
    public static IEnumerable<SheetRow> Of(string name, float[] values, Sizes shape, Sizes mapShape, int most)
    {
        var (plane, channels) = (values.Length / shape[0], Math.Min(shape[0], most));
        var cut = channels < shape[0] ? string.Create(CultureInfo.InvariantCulture, $"\nfirst {channels}") : "";
        for (var first = 0; first < channels; first += PerRow)
        {
            var label = first == 0 ? $"{name}\n{shape}{cut}" : "";
            yield return new SheetRow(label, [.. Enumerable.Range(first, Math.Min(PerRow, channels - first)).Select(channel =>
                new SheetImage(values.AsMemory(channel * plane, plane), mapShape).OnItsOwnScale())]);
        }
    }
}
