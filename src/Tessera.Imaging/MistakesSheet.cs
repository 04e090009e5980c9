using System.Globalization;

namespace Tessera.Imaging;

/// <summary>A sheet of samples that a network got wrong, each with what it said, how sure it was, and what was right.</summary>
public static class MistakesSheet
{
    private const int PerRow = 8;
    private const int MostShown = 64;
    private const int Side = 84;
    private const double CellWidth = 122;
    private const double CellHeight = 146;
    private const double Margin = 24;
    private const double Top = 64;
    private const int LongestName = 14;

    /// <summary>The sheet as an SVG file's text, legible on light and dark.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="mistakes">The samples, in the order to be shown; the first 64 are.</param>
    /// <param name="sampleShape">The shape of each sample: [C, H, W], or [C, L] for a signal. Three channels are shown in colour, of others the first.</param>
    /// <exception cref="ArgumentException">A sample is not of the shape, or the shape is no picture.</exception>
    public static string ToSvg(string title, IReadOnlyList<Mistake> mistakes, Sizes sampleShape)
    {
        ArgumentNullException.ThrowIfNull(mistakes);
        if (sampleShape.Count is not (2 or 3) || sampleShape.Any(size => size < 1))
            throw new ArgumentException($"Samples of {sampleShape} cannot be shown as pictures; [C, H, W] or [C, L] is needed.", nameof(sampleShape));

        var shown = Math.Min(MostShown, mistakes.Count);
        var rows = (shown + PerRow - 1) / PerRow;
        var picture = new SvgPicture((PerRow * CellWidth) + (2 * Margin), Top + Math.Max(40, rows * CellHeight) + 8, title);
        picture.Text(Margin, 30, title, "ink title");
        picture.Text(
            Margin, 48, shown == 0 ? "none" : shown < mistakes.Count ? FormattableString.Invariant($"the first {shown} of {mistakes.Count}") : "", "faint");
        for (var i = 0; i < shown; i++)
        {
            var mistake = mistakes[i];
            if (mistake.Sample.Length != sampleShape.Product)
                throw new ArgumentException($"Sample {i} has {mistake.Sample.Length} values, but {sampleShape} has {sampleShape.Product}.", nameof(mistakes));
            var (x, y) = (Margin + (i % PerRow * CellWidth), Top + (i / PerRow * CellHeight));
            var (height, width) = sampleShape.Count == 3 ? (sampleShape[1], sampleShape[2]) : (1, sampleShape[1]);
            var (channels, pixels) = ToPixels(mistake.Sample.Span, sampleShape[0], height * width);
            if (Math.Max(height, width) <= Side)
            {
                var scale = Side / Math.Max(height, width);
                picture.Image(x, y, (width, height, channels), pixels, (scale, height == 1 ? Math.Max(scale, 12) : scale));
            }
            else
            {
                var scale = (double)Side / Math.Max(height, width);
                picture.Image(x, y, scale * width, Math.Max(12, scale * height), PngWriter.Encode(width, height, channels, pixels));
            }

            var percent = double.IsFinite(mistake.Probability) ? (mistake.Probability * 100).ToString("0", CultureInfo.InvariantCulture) + " % sure" : "";
            picture.Text(x, y + Side + 15, $"said {Shorten(mistake.Said)}", "wrong small");
            picture.Text(x, y + Side + 29, $"is {Shorten(mistake.Is)}", "right small");
            picture.Text(x, y + Side + 43, percent, "faint small");
        }

        return picture.ToString();
    }

    /// <summary>Writes the sheet as an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">The heading.</param>
    /// <param name="mistakes">The samples, in the order to be shown.</param>
    /// <param name="sampleShape">The shape of each sample.</param>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, string title, IReadOnlyList<Mistake> mistakes, Sizes sampleShape) =>
        SvgPicture.Write(path, ToSvg(title, mistakes, sampleShape));

    /// <summary>The channels that are shown, and their pixels side by side.</summary>
    private static (int Channels, byte[] Pixels) ToPixels(ReadOnlySpan<float> sample, int channels, int plane)
    {
        var shown = channels == 3 ? 3 : 1;
        var pixels = new byte[shown * plane];
        for (var i = 0; i < pixels.Length; i++)
        {
            var value = sample[(i % shown * plane) + (i / shown)];
            pixels[i] = float.IsNaN(value) ? (byte)0 : (byte)Math.Clamp((value * 255) + 0.5f, 0, 255);
        }

        return (shown, pixels);
    }

    private static string Shorten(string name) => name.Length <= LongestName ? name : name[..(LongestName - 1)] + "…";
}
