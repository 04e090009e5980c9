using System.Globalization;

namespace Tessera.Training;

/// <summary>The certificate that <see cref="GradientCheck"/> gives: a row for each layer, and one for the whole network with its loss.</summary>
/// <param name="Rows">The layers in the order of the network, then the whole network.</param>
public sealed record GradientReport(IReadOnlyList<GradientCheckRow> Rows)
{
    /// <summary>Whether every row passed.</summary>
    public bool Passed => Rows.All(row => row.Passed);

    /// <summary>A table: layer, kind, output, both errors, verdict.</summary>
    public override string ToString()
    {
        var cells = Rows.Select(row => new[]
        {
            row.Layer.Length > 0 ? row.Layer : "(network)",
            row.Kind,
            row.Output.ToString(),
            row.AdjointError is { } adjoint ? Number(adjoint) : "-",
            Number(row.DifferenceError),
            row.Worst.Length > 0 ? row.Worst : "-",
            row.Passed ? "ok" : row.Compared == 0 ? "FAILED: nothing could be compared" : "FAILED",
        }).Prepend(["layer", "kind", "output", "adjoint", "differences", "worst in", ""]).ToArray();
        var widths = Enumerable.Range(0, 7).Select(column => cells.Max(row => row[column].Length)).ToArray();
        return string.Join('\n', cells.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()));

        static string Number(double value) => value.ToString("0.0e+00", CultureInfo.InvariantCulture);
    }
}
