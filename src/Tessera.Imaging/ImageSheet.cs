using System.Globalization;

namespace Tessera.Imaging;

/// <summary>
/// Rows of images with labels: inputs above their reconstructions, samples along a chain, the feature maps of each layer. Images of one sheet may differ
/// in shape. At most 64 rows of 16 are shown; what is left out is said.
/// </summary>
/// <param name="Title">The heading.</param>
/// <param name="Rows">The rows, from top to bottom.</param>
public sealed record ImageSheet(string Title, IReadOnlyList<SheetRow> Rows)
{
    private const int MostRows = 64;
    private const int MostColumns = 16;
    private const double Margin = 24;
    private const double Top = 64;
    private const double Gap = 10;
    private const double LabelWidth = 118;
    private const int LongestLabel = 17;
    private const int MostLines = 3;

    // About what a character of the remark takes; what is too long makes the picture wider.
    private const double CharacterWidth = 6.6;

    /// <summary>What stands below the heading, such as the scale.</summary>
    public string Remark { get; init; } = "";

    /// <summary>What stands above each column; empty for nothing.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The longest side of an image in pixels, 16 to 256; 84 unless said.</summary>
    public int Side { get; init; } = 84;

    /// <summary>The sheet as an SVG file's text, legible on light and dark.</summary>
    /// <exception cref="ArgumentException">An image has another number of values than its shape, or a shape is no picture; or the side is out of range.</exception>
    public string ToSvg()
    {
        if (Side is < 16 or > 256) throw new ArgumentException($"Images of {Side} pixels cannot be shown; choose a side from 16 to 256.");
        Check();
        var rows = Rows.Take(MostRows).ToArray();
        var columns = Math.Min(MostColumns, rows.Select(row => row.Images.Count).DefaultIfEmpty(0).Max());
        var left = Margin + (rows.Any(row => row.Label.Length > 0) ? LabelWidth : 0);
        var top = Top + (Columns.Count > 0 ? 18 : 0);
        var remarks = string.Join("; ", ((string[])[Remark, LeftOut()]).Where(text => text.Length > 0));
        var width = Math.Max(left + (columns * (Side + Gap)), Margin + Math.Max(400, CharacterWidth * remarks.Length)) + Margin;
        var picture = new SvgPicture(width, top + Math.Max(20, rows.Sum(HeightOf)) + 14, Title, FigureStyle.Rules);
        picture.Text(Margin, 30, Title, "ink title");
        picture.Text(Margin, 48, remarks, "faint");
        for (var column = 0; column < Math.Min(columns, Columns.Count); column++) picture.Text(left + (column * (Side + Gap)), Top + 8, Shorten(Columns[column], Side / 6), "faint small");

        var y = top;
        foreach (var row in rows)
        {
            var lines = row.Label.Split('\n');
            for (var line = 0; line < Math.Min(MostLines, lines.Length); line++) picture.Text(Margin, y + 14 + (15 * line), Shorten(lines[line], LongestLabel), line == 0 ? "ink" : "faint small");
            for (var column = 0; column < Math.Min(MostColumns, row.Images.Count); column++)
            {
                var (image, x) = (row.Images[column], left + (column * (Side + Gap)));
                ImageCell.Draw(picture, x, y, Side, image.Values.Span, image.Shape, image.Black, image.White);
                if (image.Caption.Length > 0) picture.Text(x, y + PictureHeight(row) + 13, Shorten(image.Caption, (Side + (int)Gap) / 5), "faint caption");
            }

            y += HeightOf(row);
        }

        return picture.ToString();
    }

    /// <summary>Writes the sheet as an SVG file, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public void Write(string path) => SvgPicture.Write(path, ToSvg());

    private double PictureHeight(SheetRow row) => row.Images.Take(MostColumns).Select(image => ImageCell.SizeOf(image.Shape, Side).Height).DefaultIfEmpty(0).Max();

    private double HeightOf(SheetRow row) =>
        Math.Max(4 + (15 * Math.Min(MostLines, row.Label.Split('\n').Length)), PictureHeight(row) + (row.Images.Any(image => image.Caption.Length > 0) ? 18 : 0)) + Gap;

    private string LeftOut()
    {
        var widest = Rows.Select(row => row.Images.Count).DefaultIfEmpty(0).Max();
        List<string> parts = [];
        if (Rows.Count > MostRows) parts.Add(string.Create(CultureInfo.InvariantCulture, $"the first {MostRows} of {Rows.Count} rows"));
        if (widest > MostColumns) parts.Add(string.Create(CultureInfo.InvariantCulture, $"the first {MostColumns} of {widest} in a row"));
        var shapes = Rows.SelectMany(row => row.Images).Select(image => image.Shape).ToArray();
        if (shapes.Any(shape => shape.Count == 4)) parts.Add("of volumes the middle slice");
        if (shapes.Any(shape => shape.Count > 2 && shape[0] is not (1 or 3))) parts.Add("of several channels the first");
        return string.Join(", ", parts);
    }

    private void Check()
    {
        foreach (var row in Rows)
        {
            foreach (var image in row.Images)
            {
                if (!ImageCell.CanDraw(image.Shape)) throw new ArgumentException($"Samples of {image.Shape} cannot be shown as pictures; [C, H, W], [C, L] or [C, D, H, W] is needed.");
                if (image.Values.Length != image.Shape.Product)
                    throw new ArgumentException($"An image in row '{row.Label}' has {image.Values.Length} values, but {image.Shape} has {image.Shape.Product}.");
            }
        }
    }

    private static string Shorten(string text, int longest) => text.Length <= longest ? text : text[..(longest - 1)] + "…";
}
