namespace Tessera.Imaging;

/// <summary>Panels of curves as a picture, two in a row, legible on light and dark.</summary>
/// <param name="Title">What the picture is called; each panel has its own heading.</param>
/// <param name="Panels">The panels.</param>
public sealed record CurveChart(string Title, IReadOnlyList<CurvePanel> Panels)
{
    /// <summary>The picture as an SVG file's text.</summary>
    public string ToSvg()
    {
        var rows = Panels.Chunk(2).ToArray();
        var picture = new SvgPicture(CurvePanel.Width * Math.Clamp(Panels.Count, 1, 2), Math.Max(80, rows.Sum(HeightOf)), Title);
        var top = 0.0;
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Length; column++) row[column].Draw(picture, column * CurvePanel.Width, top);
            top += HeightOf(row);
        }

        return picture.ToString();
    }

    /// <summary>Writes the picture as an SVG file, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public void Write(string path) => SvgPicture.Write(path, ToSvg());

    private static double HeightOf(CurvePanel[] row) => row.Max(panel => panel.Height);
}
