using System.Globalization;
using Tessera.Training;

namespace Tessera.Imaging;

/// <summary>
/// What the maxima of networks do as samples turn: accuracy, how far features move and who wins, over the angle; and for some maxima of each
/// network what every member says of one sample at every angle, the winner framed.
/// </summary>
public static class InvarianceSheet
{
    private const double Margin = 24;
    private const double Labels = 92;
    private const double Column = 420;
    private const int MostMembers = 32;

    /// <summary>The picture as an SVG file's text, legible on light and dark.</summary>
    /// <param name="runs">The networks, each with its name and report; all over the same angles.</param>
    /// <exception cref="ArgumentException">There is none, or angles differ.</exception>
    public static string ToSvg(IReadOnlyList<(string Name, InvarianceReport Report)> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count == 0) throw new ArgumentException("There is no report to draw; give at least one.", nameof(runs));
        if (runs.Any(run => !run.Report.Angles.SequenceEqual(runs[0].Report.Angles))) throw new ArgumentException("The reports are over different angles; make them with the same.", nameof(runs));
        var panels = Panels(runs);
        var charts = panels.Chunk(2).Sum(row => row.Max(panel => panel.Height));
        var picture = new SvgPicture(2 * Column, charts + runs.Sum(run => HeightOf(run.Report)) + Margin, "What maxima are invariant to");
        for (var i = 0; i < panels.Count; i++)
            panels[i].Draw(picture, i % 2 * Column, panels.Take(i / 2 * 2).Chunk(2).Sum(row => row.Max(panel => panel.Height)));
        var top = charts;
        foreach (var (name, report) in runs)
        {
            Draw(picture, top, name, report);
            top += HeightOf(report);
        }

        return picture.ToString();
    }

    /// <summary>Writes the picture as an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="runs">The networks, each with its name and report.</param>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, IReadOnlyList<(string Name, InvarianceReport Report)> runs) => SvgPicture.Write(path, ToSvg(runs));

    private static List<CurvePanel> Panels(IReadOnlyList<(string Name, InvarianceReport Report)> runs)
    {
        var angles = runs[0].Report.Angles;
        CurvePanel Panel(string title, IEnumerable<Curve> curves, string format) => new(title, [.. curves.Select(curve => curve with { First = angles[0], Step = angles[1] - angles[0] })])
        {
            Horizontal = "angle in degrees",
            HorizontalStep = angles[^1] % 30 == 0 ? Math.Max(30, angles[^1] / 3) : 0,
            Format = value => value.ToString(format, CultureInfo.InvariantCulture),
        };

        var panels = new List<CurvePanel>();
        if (runs.All(run => run.Report.Accuracy.Count > 0))
            panels.Add(Panel("Accuracy (%); legend: at the last angle", runs.Select((run, i) => new Curve(run.Name, [.. run.Report.Accuracy.Select(part => 100 * part)]) { Colour = i }), "0.0"));
        panels.Add(Panel("Same winner as upright (%)", runs.Select((run, i) => new Curve(run.Name, [.. run.Report.SameWinner.Select(part => 100 * part)]) { Colour = i }), "0.0") with { Least = 0, Most = 100 });
        panels.Add(Panel("Change of the maxima (1: another sample)", runs.Select((run, i) => new Curve(run.Name, run.Report.ChangeAfter) { Colour = i }), "0.000") with { Least = 0, Most = 1 });
        panels.Add(Panel("Change of what goes into them", runs.Select((run, i) => new Curve(run.Name, run.Report.ChangeBefore) { Colour = i, IsDashed = true }), "0.000") with { Least = 0, Most = 1 });
        return panels;
    }

    private static double HeightOf(InvarianceReport report) => 64 + report.Features.Chunk(2).Sum(row => row.Max(HeightOf));

    private static double HeightOf(PooledFeature feature) => 58 + CellWidth(feature) + (Math.Min(MostMembers, feature.Members.Count) * CellHeight(feature));

    private static int CellHeight(PooledFeature feature) => feature.Members.Count <= 4 ? 18 : 13;

    private static int CellWidth(PooledFeature feature) => Math.Clamp((int)((Column - Labels - Margin - 12) / feature.Winners.Count), 2, 28);

    private static void Draw(SvgPicture picture, double top, string name, InvarianceReport report)
    {
        picture.Line(Margin, top + 4, (2 * Column) - Margin, top + 4, "grid");
        picture.Text(Margin, top + 30, $"{name}, {report.Layer}", "ink title");
        picture.Text(Margin, top + 50, "rows: what the maximum is over; columns: the angle; bright: a large response (each block by itself); framed: the winner", "faint small");
        top += 64;
        foreach (var row in report.Features.Chunk(2))
        {
            for (var column = 0; column < row.Length; column++) Draw(picture, (column * Column) + Margin, top, report, row[column]);
            top += row.Max(HeightOf);
        }
    }

    private static void Draw(SvgPicture picture, double x, double top, InvarianceReport report, PooledFeature feature)
    {
        var (width, height) = (CellWidth(feature), CellHeight(feature));
        var (angles, members) = (feature.Winners.Count, Math.Min(MostMembers, feature.Members.Count));
        var left = x + Labels;
        var winners = feature.Winners.Distinct().Count();
        var head = string.Create(CultureInfo.InvariantCulture, $"channel {feature.Channel} at {feature.Position}: {winners} of {feature.Members.Count} win");
        picture.Text(left, top + 12, members < feature.Members.Count ? head + FormattableString.Invariant($", the first {members} shown") : head, "ink small");
        var grid = top + 20 + width;
        for (var angle = 0; angle < angles; angle++) picture.Image(left + (angle * width), top + 18, width - 1, width - 1, Digit(report, angle));

        // A member in the padding has no value, and is drawn as the darkest.
        var finite = feature.Responses.Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        var (least, most) = (finite.Min(), finite.Max());
        var pixels = feature.Responses.Take(angles * members).Select(value => most > least && value > least ? (byte)(255 * (value - least) / (most - least)) : (byte)0).ToArray();
        picture.Image(left, grid, (angles, members, 1), pixels, (width, height));
        for (var member = 0; member < members; member++) picture.Text(x, grid + (member * height) + height - 4, feature.Members[member], "faint small");
        for (var angle = 0; angle < angles; angle++)
        {
            if (feature.Winners[angle] < members) picture.Rectangle(left + (angle * width) + 1, grid + (feature.Winners[angle] * height) + 1, width - 2, height - 2, "second line");
        }

        foreach (var angle in (int[])[0, angles / 2, angles - 1])
            picture.Text(left + ((angle + 0.5) * width), grid + (members * height) + 14, report.Angles[angle].ToString("0.#", CultureInfo.InvariantCulture) + "°", "faint small", "middle");
    }

    private static byte[] Digit(InvarianceReport report, int angle)
    {
        var (height, width) = (report.SampleShape[^2], report.SampleShape[^1]);
        var channels = report.SampleShape is { Count: 3 } shape && shape[0] == 3 ? 3 : 1;
        var (plane, sample) = (height * width, report.Turned[angle]);
        var pixels = new byte[channels * plane];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)Math.Clamp((255 * sample[(i % channels * plane) + (i / channels)]) + 0.5f, 0, 255);
        return PngWriter.Encode(width, height, channels, pixels);
    }
}
