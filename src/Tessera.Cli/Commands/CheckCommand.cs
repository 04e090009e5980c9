using System.CommandLine;
using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera check</c>: a certificate for the gradients of a user's own model.</summary>
internal static class CheckCommand
{
    private const string Examples =
        """
        Every layer is run in double at its real size: ⟨A v, g⟩ = ⟨v, Aᵀ g⟩ = ⟨K, dK⟩ where it is linear, and finite differences for its input and
        its parameters; then the whole network with its loss. A belief net's phases are held against exact enumeration on a small machine of the
        same operator, a sparse coder's objective and codes against differences and their conditions. Exit code 1 where an error is larger than
        rounding explains.

        Examples:
          tessera check samples/lenet5.json
          tessera check model.json --seed 7 --json
          tessera check runs/mnist-1
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The model, a JSON file (or the folder that a training left).", HelpName = "MODEL.json" };
        var batch = CommandOptions.Whole("--batch", "Examples in a pass, from 2; 3 if left out.", 2, 1000);
        var seed = new Option<long>("--seed") { Description = "What inputs, parameters and directions are drawn from.", HelpName = "number", DefaultValueFactory = _ => 1 };
        var threads = CommandOptions.Threads();
        var json = CommandOptions.Json();
        var command = new Command("check", "Certify the gradients of a model: adjoint identities and finite differences in double, layer by layer.") { model, batch, seed, threads, json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(model);
            GradientReport report;
            if (TrainedModel.Reconstruction(path) is { } other)
            {
                report = other.CheckGradients(parsed.GetValue(seed), parsed.GetValue(threads) ?? 0, session.Stopping);
            }
            else
            {
                var description = TrainedModel.Describe(path);
                report = GradientCheck.Run(description.Network, description.Training.Loss, parsed.GetValue(batch) ?? 3, parsed.GetValue(seed), parsed.GetValue(threads) ?? 0, null, session.Stopping);
            }

            if (parsed.GetValue(json)) WriteJson(session.Output, report);
            else WriteText(session.Output, report);
            if (report.Passed) return Tool.Fine;
            session.Error.WriteLine($"{path}: {string.Join(", ", report.Rows.Where(row => !row.Passed).Select(Named))} failed; see the table, and try another --seed if a value may lie on a kink.");
            return Tool.Failed;
        });
        return command;
    }

    private static void WriteText(TextWriter output, GradientReport report)
    {
        output.WriteLine(report.ToString());
        output.WriteLine();
        var adjoint = report.Rows.Where(row => row.AdjointError is not null).MaxBy(row => row.AdjointError);
        var difference = report.Rows.MaxBy(row => row.DifferenceError / row.DifferenceAllowed)!;
        if (adjoint is not null) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Worst adjoint identity: {adjoint.AdjointError:0.0e+00} in {Named(adjoint)} (allowed {GradientCheck.AdjointTolerance:0e+00})."));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Worst difference: {difference.DifferenceError:0.0e+00} in {Named(difference)}{(difference.Worst.Length > 0 ? ", " : "")}{difference.Worst} (allowed {difference.DifferenceAllowed:0e+00})."));
        output.WriteLine(report.Passed ? $"All {report.Rows.Count} checks passed." : $"{report.Rows.Count(row => !row.Passed)} of {report.Rows.Count} checks FAILED.");
    }

    private static void WriteJson(TextWriter output, GradientReport report)
    {
        foreach (var row in report.Rows)
        {
            JsonLines.WriteLine(output, writer =>
            {
                writer.WriteString("layer", row.Layer);
                writer.WriteString("kind", row.Kind);
                if (row.AdjointError is { } adjoint) writer.WriteFinite("adjointError", adjoint);
                writer.WriteFinite("differenceError", row.DifferenceError);
                writer.WriteFinite("differenceAllowed", row.DifferenceAllowed);
                writer.WriteString("worst", row.Worst);
                writer.WriteNumber("compared", row.Compared);
                writer.WriteNumber("passedOver", row.PassedOver);
                writer.WriteBoolean("passed", row.Passed);
            });
        }

        JsonLines.WriteLine(output, writer =>
        {
            writer.WriteBoolean("passed", report.Passed);
            writer.WriteFinite("worstAdjointError", report.Rows.Max(row => row.AdjointError ?? 0));
            writer.WriteFinite("worstDifferenceError", report.Rows.Max(row => row.DifferenceError));
            writer.WriteNumber("checks", report.Rows.Count);
        });
    }

    private static string Named(GradientCheckRow row) => row.Layer.Length > 0 ? row.Layer : "the whole network";
}
