using System.Globalization;

namespace Tessera.Imaging;

/// <summary>Curves over one pair of axes, with a legend of their names and last values: one panel of a <see cref="CurveChart"/>.</summary>
/// <param name="Title">The heading: what the vertical axis measures.</param>
/// <param name="Curves">The curves; one without values is left out.</param>
public sealed record CurvePanel(string Title, IReadOnlyList<Curve> Curves)
{
    internal const double Width = 420;

    private const double PlotHeight = 220;
    private const double Left = 56;
    private const double LegendColumn = 170;
    private const int LongestInColumn = 21;
    private const double LegendRow = 18;

    private static readonly string[] Colours = ["first", "second", "third", "fourth", "fifth", "sixth"];

    /// <summary>What the horizontal axis counts.</summary>
    public string Horizontal { get; init; } = "epoch";

    /// <summary>The distance between ticks of the horizontal axis; 0 for round numbers.</summary>
    public double HorizontalStep { get; init; }

    /// <summary>What the vertical axis is to reach down to at least; null for the smallest value.</summary>
    public double? Least { get; init; }

    /// <summary>What the vertical axis is to reach up to at least; null for the largest value.</summary>
    public double? Most { get; init; }

    /// <summary>How the legend writes a last value.</summary>
    public Func<double, string> Format { get; init; } = value => value.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>The height that the panel takes: the more curves, the longer the legend.</summary>
    internal double Height => Top + PlotHeight + 56;

    private double Top => 72 + (LegendRow * Math.Max(0, ((Shown.Length + LegendColumns - 1) / LegendColumns) - 1));

    private int LegendColumns => Shown.Any(curve => Label(curve).Length > LongestInColumn) ? 1 : 2;

    private Curve[] Shown => [.. Curves.Where(curve => curve.Values.Count > 0)];

    /// <summary>Draws the panel with its upper left corner at a place.</summary>
    internal void Draw(SvgPicture picture, double x, double y)
    {
        var shown = Shown;
        var (first, last) = (shown.Select(curve => curve.First).DefaultIfEmpty(1).Min(), shown.Select(curve => curve.Last).DefaultIfEmpty(1).Max());
        var (left, right, top) = (x + Left, x + Width - 20, y + Top);
        var bottom = top + PlotHeight;
        var finite = shown.SelectMany(curve => curve.Values).Where(double.IsFinite).ToArray();
        var ticks = AxisTicks.Around(
            Math.Min(Least ?? double.PositiveInfinity, finite.DefaultIfEmpty(Least ?? 0).Min()),
            Math.Max(Most ?? double.NegativeInfinity, finite.DefaultIfEmpty(Most ?? 1).Max()),
            5);
        double X(double at) => last > first ? left + ((at - first) / (last - first) * (right - left)) : (left + right) / 2;
        double Y(double value) => bottom - ((value - ticks.First) / (ticks.Last - ticks.First) * PlotHeight);

        picture.Text(left, y + 26, Title, "ink title");
        foreach (var tick in ticks.Values())
        {
            picture.Line(left, Y(tick), right, Y(tick), "grid");
            picture.Text(left - 8, Y(tick) + 4, ticks.Format(tick), "faint", "end");
        }

        foreach (var tick in HorizontalTicks(first, last))
        {
            picture.Line(X(tick), bottom, X(tick), bottom + 4, "axis");
            picture.Text(X(tick), bottom + 18, tick.ToString("0.##", CultureInfo.InvariantCulture), "faint", "middle");
        }

        picture.Line(left, bottom, right, bottom, "axis");
        picture.Text((left + right) / 2, bottom + 40, Horizontal, "faint", "middle");
        for (var i = 0; i < shown.Length; i++)
        {
            var (style, dashed) = (Colours[shown[i].Colour % Colours.Length], shown[i].IsDashed ? " dashed" : "");
            Draw(picture, shown[i], X, Y, style, dashed);
            var (at, row) = (left + (i % LegendColumns * LegendColumn), y + 46 + (i / LegendColumns * LegendRow));
            picture.Line(at, row, at + 24, row, style + " line" + dashed);
            picture.Text(at + 30, row + 4, Label(shown[i]));
        }
    }

    private string Label(Curve curve) => $"{curve.Name} {(double.IsFinite(curve.Values[^1]) ? Format(curve.Values[^1]) : "not finite")}";

    private static void Draw(SvgPicture picture, Curve curve, Func<double, double> x, Func<double, double> y, string style, string dashed)
    {
        var values = curve.Values;
        var run = new List<(double X, double Y)>();
        for (var i = 0; i <= values.Count; i++)
        {
            if (i < values.Count && double.IsFinite(values[i]))
            {
                run.Add((x(curve.First + (i * curve.Step)), y(values[i])));
                if (values.Count <= 30) picture.Circle(run[^1].X, run[^1].Y, 3, style + "Fill");
                continue;
            }

            if (run.Count > 1) picture.Polyline(run, style + " line" + dashed);
            else if (run.Count == 1 && values.Count > 30) picture.Circle(run[0].X, run[0].Y, 2, style + "Fill");
            run.Clear();
        }
    }

    /// <summary>Multiples of a step, and where the axis begins if that is not too near the first of them.</summary>
    private IEnumerable<double> HorizontalTicks(double first, double last)
    {
        var step = HorizontalStep > 0 ? HorizontalStep : Math.Max(1, Math.Ceiling(AxisTicks.Around(first, Math.Max(first + 1, last), 8).Step));
        var multiple = Math.Ceiling((first / step) - 1e-9) * step;
        if (multiple - first >= step / 2 || multiple > last) yield return first;
        for (var tick = multiple; tick <= last + (1e-9 * step); tick += step) yield return tick;
    }
}
