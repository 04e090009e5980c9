using System.CommandLine;
using System.Globalization;
using Tessera.Imaging;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera invariance</c>: what the maxima of trained networks do as samples turn.</summary>
internal static class InvarianceCommand
{
    private const string Examples =
        """
        For each network and angle: the part of all samples that it gets right; how far the features before and after its maxima move (1: as
        far as another sample is); and the part of the maxima that the same member wins as upright. The picture also shows, for one sample,
        what every member of some maxima says at every angle, and which of them wins: where filters have weights of their own, different
        filters can win at different angles, and the maximum answers to all of them.

        Examples:
          tessera invariance runs/invariance-maxout-1
          tessera invariance runs/shared runs/tiled runs/unshared runs/maxout --index 3 --out invariance.svg
          tessera invariance runs/mnist-1 --layer pool2 --degrees 45 --step 5 --json
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var models = new Argument<string[]>("models") { Description = "The folders that trainings left, or their model.safetensors.", HelpName = "MODEL", Arity = ArgumentArity.OneOrMore };
        var layer = new Option<string?>("--layer") { Description = "The max-pool or channel-pool to look at; the first if left out.", HelpName = "name" };
        var index = CommandOptions.Whole("--index", "The sample that is shown, from 0.", 0);
        var degrees = CommandOptions.Whole("--degrees", "How far samples are turned either way; 90 if left out.", 1, 180);
        var step = CommandOptions.Whole("--step", "The angle from one look to the next; 15 if left out.", 1, 180);
        var samples = CommandOptions.Whole("--samples", "Samples that changes are averaged over; 200 if left out.", 2);
        var data = new Option<string?>("--data") { Description = "Data by name or path; what the models were trained on if left out.", HelpName = "NAME|PATH" };
        var threads = CommandOptions.Threads();
        var output = new Option<string>("--out") { Description = "The picture.", HelpName = "FILE.svg", DefaultValueFactory = _ => "invariance.svg" };
        var json = CommandOptions.Json();
        var command = new Command("invariance", "Turn samples and say what trained networks' maxima are invariant to, and which filter wins them at which angle.") { models, layer, index, degrees, step, samples, data, threads, output, json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(output);
            OutputFiles.Check(path, "--out");
            var description = new InvarianceDescription
            {
                Layer = parsed.GetValue(layer),
                Degrees = parsed.GetValue(degrees) ?? 90,
                Step = parsed.GetValue(step) ?? 15,
                Samples = parsed.GetValue(samples) ?? 200,
            };
            var options = new Operators.PlanOptions { Threads = parsed.GetValue(threads) ?? 0 };
            var trained = parsed.GetRequiredValue(models).Select(model => (Name: NameOf(model), Trained: TrainedModel.Open(model))).ToArray();
            var probes = trained.Select(model => new InvarianceProbe<float>(model.Trained.Model, model.Trained.Parameters, description, options with { Exact = model.Trained.Model.Training.Exact })).ToArray();
            var reports = trained.Zip(probes, (model, probe) => (model.Name, probe.Run(model.Trained.ReadData(parsed.GetValue(data), "test"), parsed.GetValue(index) ?? 0, session.Stopping))).ToArray();
            InvarianceSheet.Write(path, reports);
            foreach (var (name, report) in reports)
            {
                if (parsed.GetValue(json)) WriteJson(session.Output, name, report);
                else WriteText(session.Output, name, report);
            }

            if (!parsed.GetValue(json)) session.Output.WriteLine($"The picture is {path}.");
            return Tool.Fine;
        });
        return command;
    }

    private static void WriteText(TextWriter output, string name, InvarianceReport report)
    {
        output.WriteLine($"{name}, {report.Layer}:");
        output.WriteLine("  angle  accuracy  change before  change after  same winner");
        for (var i = 0; i < report.Angles.Count; i++)
        {
            var accuracy = report.Accuracy.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100 * report.Accuracy[i]:0.00} %") : "";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {report.Angles[i],5:0.#}  {accuracy,8}  {report.ChangeBefore[i],13:0.000}  {report.ChangeAfter[i],12:0.000}  {100 * report.SameWinner[i],9:0.0} %"));
        }

        if (report.Accuracy.Count > 0) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"   mean  {100 * report.Accuracy.Average():0.00} %"));
        output.WriteLine();
    }

    private static void WriteJson(TextWriter output, string name, InvarianceReport report)
    {
        for (var i = 0; i < report.Angles.Count; i++)
        {
            var at = i;
            JsonLines.WriteLine(output, writer =>
            {
                writer.WriteString("model", name);
                writer.WriteString("layer", report.Layer);
                writer.WriteNumber("angle", report.Angles[at]);
                if (report.Accuracy.Count > 0) writer.WriteFinite("accuracy", report.Accuracy[at]);
                writer.WriteFinite("changeBefore", report.ChangeBefore[at]);
                writer.WriteFinite("changeAfter", report.ChangeAfter[at]);
                writer.WriteFinite("sameWinner", report.SameWinner[at]);
            });
        }
    }

    private static string NameOf(string path) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!)));
}
