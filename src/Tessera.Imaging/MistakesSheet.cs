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
    /// <param name="sampleShape">The shape of each sample: [C, H, W], [C, L] for a signal, [C, D, H, W] for a volume. Three channels are shown in colour, of others the first.</param>
    /// <exception cref="ArgumentException">A sample is not of the shape, or the shape is no picture.</exception>
    public static string ToSvg(string title, IReadOnlyList<Mistake> mistakes, Sizes sampleShape)
    {
        ArgumentNullException.ThrowIfNull(mistakes);
        if (!ImageCell.CanDraw(sampleShape)) throw new ArgumentException($"Samples of {sampleShape} cannot be shown as pictures; [C, H, W], [C, L] or [C, D, H, W] is needed.", nameof(sampleShape));

        var shown = Math.Min(MostShown, mistakes.Count);
        var rows = (shown + PerRow - 1) / PerRow;
        var picture = new SvgPicture((PerRow * CellWidth) + (2 * Margin), Top + Math.Max(40, rows * CellHeight) + 8, title, FigureStyle.Rules);
        picture.Text(Margin, 30, title, "ink title");
        picture.Text(
            Margin, 48, shown == 0 ? "none" : shown < mistakes.Count ? FormattableString.Invariant($"the first {shown} of {mistakes.Count}") : "", "faint");
        for (var i = 0; i < shown; i++)
        {
            var mistake = mistakes[i];
            if (mistake.Sample.Length != sampleShape.Product)
                throw new ArgumentException($"Sample {i} has {mistake.Sample.Length} values, but {sampleShape} has {sampleShape.Product}.", nameof(mistakes));
            var (x, y) = (Margin + (i % PerRow * CellWidth), Top + (i / PerRow * CellHeight));
            ImageCell.Draw(picture, x, y, Side, mistake.Sample.Span, sampleShape);
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

    private static string Shorten(string name) => name.Length <= LongestName ? name : name[..(LongestName - 1)] + "…";
}
