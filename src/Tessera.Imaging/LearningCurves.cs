using System.Globalization;

namespace Tessera.Imaging;

/// <summary>
/// The learning curves of a run as a picture: loss on the left and, where it was measured, accuracy on the right, over epochs from 1, for
/// training and validation. Values that are not finite leave a gap.
/// </summary>
/// <param name="TrainingLoss">The training loss after each epoch.</param>
/// <param name="ValidationLoss">The validation loss after each epoch; empty where there was none.</param>
/// <param name="TrainingAccuracy">The training accuracy after each epoch, from 0 to 1; empty where there was none.</param>
/// <param name="ValidationAccuracy">The validation accuracy after each epoch, from 0 to 1; empty where there was none.</param>
public sealed record LearningCurves(
    IReadOnlyList<double> TrainingLoss, IReadOnlyList<double> ValidationLoss, IReadOnlyList<double> TrainingAccuracy, IReadOnlyList<double> ValidationAccuracy)
{
    private const double PanelWidth = 420;
    private const double PlotHeight = 220;
    private const double Left = 56;
    private const double Top = 72;

    /// <summary>What the legend calls the second curve: validation, or test where the curve is that of the test data.</summary>
    public string ValidationName { get; init; } = "validation";

    /// <summary>The picture as an SVG file's text, legible on light and dark.</summary>
    public string ToSvg()
    {
        var hasAccuracy = TrainingAccuracy.Count + ValidationAccuracy.Count > 0;
        var picture = new SvgPicture(hasAccuracy ? 2 * PanelWidth : PanelWidth, Top + PlotHeight + 56, "Learning curves");
        var most = Finite(TrainingLoss).Concat(Finite(ValidationLoss)).DefaultIfEmpty(1).Max();
        var least = Math.Min(0, Finite(TrainingLoss).Concat(Finite(ValidationLoss)).DefaultIfEmpty(0).Min());
        Panel(picture, 0, "Loss", TrainingLoss, ValidationLoss, AxisTicks.Around(least, most, 5), value => value.ToString("0.0000", CultureInfo.InvariantCulture));
        if (hasAccuracy)
        {
            var (training, validation) = (Percent(TrainingAccuracy), Percent(ValidationAccuracy));
            var lowest = Finite(training).Concat(Finite(validation)).DefaultIfEmpty(0).Min();
            Panel(
                picture, PanelWidth, "Accuracy (%)", training, validation, AxisTicks.Around(Math.Min(lowest, 99.9), 100, 5),
                value => value.ToString("0.00", CultureInfo.InvariantCulture) + " %");
        }

        return picture.ToString();
    }

    /// <summary>Writes the picture as an SVG file, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public void Write(string path) => SvgPicture.Write(path, ToSvg());

    private void Panel(
        SvgPicture picture, double x, string title, IReadOnlyList<double> training, IReadOnlyList<double> validation, AxisTicks ticks, Func<double, string> format)
    {
        var epochs = Math.Max(1, Math.Max(training.Count, validation.Count));
        var (left, right, bottom) = (x + Left, x + PanelWidth - 20, Top + PlotHeight);
        double X(double epoch) => epochs == 1 ? (left + right) / 2 : left + ((epoch - 1) / (epochs - 1) * (right - left));
        double Y(double value) => bottom - ((value - ticks.First) / (ticks.Last - ticks.First) * PlotHeight);

        picture.Text(left, 26, title, "ink title");
        foreach (var tick in ticks.Values())
        {
            picture.Line(left, Y(tick), right, Y(tick), "grid");
            picture.Text(left - 8, Y(tick) + 4, ticks.Format(tick), "faint", "end");
        }

        var step = Math.Max(1, (int)Math.Ceiling(AxisTicks.Around(1, Math.Max(2, epochs), 8).Step));
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            if (epoch != 1 && (epoch % step != 0 || (step > 2 && epoch == 2))) continue;
            picture.Line(X(epoch), bottom, X(epoch), bottom + 4, "axis");
            picture.Text(X(epoch), bottom + 18, epoch.ToString(CultureInfo.InvariantCulture), "faint", "middle");
        }

        picture.Line(left, bottom, right, bottom, "axis");
        picture.Text((left + right) / 2, bottom + 40, "epoch", "faint", "middle");

        Curve(picture, training, X, Y, "first", "");
        Curve(picture, validation, X, Y, "second", " dashed");
        var at = left;
        foreach (var (name, values, style, dashed) in ((string, IReadOnlyList<double>, string, string)[])
            [("training", training, "first", ""), (ValidationName, validation, "second", " dashed")])
        {
            if (values.Count == 0) continue;
            picture.Line(at, 46, at + 24, 46, style + " line" + dashed);
            picture.Text(at + 30, 50, $"{name} {(double.IsFinite(values[^1]) ? format(values[^1]) : "not finite")}");
            at += 170;
        }
    }

    private static void Curve(SvgPicture picture, IReadOnlyList<double> values, Func<double, double> x, Func<double, double> y, string style, string dashed)
    {
        var run = new List<(double X, double Y)>();
        for (var i = 0; i <= values.Count; i++)
        {
            if (i < values.Count && double.IsFinite(values[i]))
            {
                run.Add((x(i + 1), y(values[i])));
                if (values.Count <= 30) picture.Circle(run[^1].X, run[^1].Y, 3, style + "Fill");
                continue;
            }

            if (run.Count > 1) picture.Polyline(run, style + " line" + dashed);
            else if (run.Count == 1 && values.Count > 30) picture.Circle(run[0].X, run[0].Y, 2, style + "Fill");
            run.Clear();
        }
    }

    private static double[] Percent(IReadOnlyList<double> values) => [.. values.Select(value => value * 100)];

    private static IEnumerable<double> Finite(IReadOnlyList<double> values) => values.Where(double.IsFinite);
}
