using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>
/// How a training is told of: in a terminal one line that is rewritten while it goes, in a log file whole lines alone; and the numbers of an epoch
/// as people and machines are given them.
/// </summary>
internal sealed class ProgressLine(Session session)
{
    private readonly Stopwatch sinceLine = Stopwatch.StartNew();
    private int written;

    /// <summary>Whether somebody watches and has not been shown anything for a tenth of a second.</summary>
    public bool IsDue => session.ErrorIsTerminal && sinceLine.ElapsedMilliseconds >= 100;

    /// <summary>A line that the next one takes the place of.</summary>
    public void Rewrite(string line)
    {
        session.Error.Write('\r' + line.PadRight(written));
        written = line.Length;
        sinceLine.Restart();
    }

    /// <summary>A line that stays.</summary>
    public void End(string line)
    {
        if (session.ErrorIsTerminal)
        {
            Rewrite(line);
            Close();
        }
        else
        {
            session.Error.WriteLine(line);
        }
    }

    /// <summary>Leaves a line that is still being rewritten.</summary>
    public void Close()
    {
        if (written > 0) session.Error.WriteLine();
        written = 0;
    }

    /// <summary>What was looked at after an epoch, under the name that it has; nothing where nothing was.</summary>
    public static string Watched(EpochMetrics metrics, string watched) =>
        metrics.ValidationLoss is { } loss ? $"  {watched}: loss {Number(loss)}{Percent(", accuracy", metrics.ValidationAccuracy)}" : "";

    /// <summary>An epoch as members of an object.</summary>
    public static void Write(Utf8JsonWriter writer, EpochMetrics metrics, string watched)
    {
        writer.WriteNumber("epoch", metrics.Epoch);
        writer.WriteFinite("loss", metrics.Loss);
        if (metrics.Accuracy is { } accuracy) writer.WriteFinite("accuracy", accuracy);
        if (metrics.ValidationLoss is { } validationLoss) writer.WriteFinite($"{watched}Loss", validationLoss);
        if (metrics.ValidationAccuracy is { } validationAccuracy) writer.WriteFinite($"{watched}Accuracy", validationAccuracy);
        writer.WriteFinite("rate", metrics.Rate);
    }

    /// <summary>A loss.</summary>
    public static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>A part of a whole behind what it is of; nothing where it is not known.</summary>
    public static string Percent(string what, double? part) => part is { } known ? string.Create(CultureInfo.InvariantCulture, $"{what} {100 * known:0.00} %") : "";
}
