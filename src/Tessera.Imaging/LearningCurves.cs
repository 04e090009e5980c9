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
    /// <summary>What the legend calls the second curve: validation, or test where the curve is that of the test data.</summary>
    public string ValidationName { get; init; } = "validation";

    /// <summary>
    /// What was trained one after another, as the machines of a belief net are: each of these has curves of its own, as what one of them misses says nothing of
    /// another. Empty, or one, for a training of the whole.
    /// </summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>The epochs of each of <see cref="Parts"/>.</summary>
    public int EpochsOfPart { get; init; }

    /// <summary>The picture as an SVG file's text, legible on light and dark.</summary>
    public string ToSvg()
    {
        var loss = new CurvePanel("Loss", Curves(TrainingLoss, ValidationLoss)) { Least = 0 };
        if (TrainingAccuracy.Count + ValidationAccuracy.Count == 0) return new CurveChart("Learning curves", [loss]).ToSvg();
        var accuracy = new CurvePanel("Accuracy (%)", Curves(Percent(TrainingAccuracy), Percent(ValidationAccuracy)))
        {
            Least = 99.9,
            Most = 100,
            Format = value => value.ToString("0.00", CultureInfo.InvariantCulture) + " %",
        };
        return new CurveChart("Learning curves", [loss, accuracy]).ToSvg();
    }

    /// <summary>Writes the picture as an SVG file, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public void Write(string path) => SvgPicture.Write(path, ToSvg());

    private Curve[] Curves(IReadOnlyList<double> training, IReadOnlyList<double> validation) => Parts.Count < 2
        ? [new("training", training), new(ValidationName, validation) { Colour = 1, IsDashed = true }]
        : [.. Parts.SelectMany((name, part) => (Curve[])[Part($"{name}, training", training, part), Part($"{name}, {ValidationName}", validation, part) with { IsDashed = true }])];

    private Curve Part(string name, IReadOnlyList<double> values, int part) =>
        new(name, [.. values.Skip(part * EpochsOfPart).Take(EpochsOfPart)]) { First = 1 + (part * EpochsOfPart), Colour = part };

    private static double[] Percent(IReadOnlyList<double> values) => [.. values.Select(value => value * 100)];
}
