using System.CommandLine;
using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera evaluate</c>: how well a trained network does on data.</summary>
internal static class EvaluateCommand
{
    private const string Examples =
        """
        Examples:
          tessera evaluate runs/mnist-1
          tessera evaluate runs/fashion/model.safetensors --data fashion-mnist
          tessera evaluate runs/mnist-1 --part train --json
          tessera evaluate model.onnx --data ~/mydata --mean 0.485,0.456,0.406 --deviation 0.229,0.224,0.225
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The folder that a training left, its model.safetensors, or an ONNX model.", HelpName = "MODEL" };
        var data = new Option<string?>("--data") { Description = "Data by name or path; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var part = new Option<string>("--part") { Description = "The samples: test or train.", DefaultValueFactory = _ => "test" };
        part.AcceptOnlyFromAmong("test", "train");
        var batch = CommandOptions.Whole("--batch", "Examples to run at a time.", 1);
        var threads = CommandOptions.Threads();
        var json = CommandOptions.Json();
        var command = new Command("evaluate", "Say how well a trained network does on data: loss, accuracy, and which classes it takes for which.") { model, data, part, batch, threads, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: true);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var trained = TrainedModel.Open(parsed.GetRequiredValue(model), onnx.Read(parsed));
            var samples = trained.ReadData(parsed.GetValue(data), parsed.GetRequiredValue(part));
            var evaluator = new Evaluator<float>(
                trained.Model.Network,
                trained.Parameters,
                trained.Model.Training.Loss,
                Math.Min(parsed.GetValue(batch) ?? 100, samples.Count),
                trained.Model.Data.Normalisation,
                new() { Threads = parsed.GetValue(threads) ?? 0, Exact = trained.Model.Training.Exact })
            { Target = trained.Model.Training.Target };
            var evaluation = evaluator.Evaluate(samples, session.Stopping);
            if (parsed.GetValue(json)) WriteJson(session.Output, evaluation);
            else WriteText(session.Output, evaluation, samples.ClassNames);
            return Tool.Fine;
        });
        return command;
    }

    private static void WriteText(TextWriter output, Evaluation evaluation, IReadOnlyList<string> classNames)
    {
        var loss = evaluation.Loss.ToString("0.0000", CultureInfo.InvariantCulture);
        if (evaluation.Accuracy is { } accuracy) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{100 * accuracy:0.00} % of {evaluation.Count} samples right, loss {loss}"));
        else output.WriteLine($"loss {loss} on {evaluation.Count} samples");
        if (evaluation.Confusion is not { Classes: <= 40 } confusion) return;
        output.WriteLine();
        output.WriteLine("Rows are what samples are, columns what the network says:");
        output.Write(confusion.ToText(classNames));
    }

    private static void WriteJson(TextWriter output, Evaluation evaluation) => JsonLines.WriteLine(output, writer =>
    {
        if (evaluation.Accuracy is { } accuracy) writer.WriteFinite("accuracy", accuracy);
        writer.WriteFinite("loss", evaluation.Loss);
        writer.WriteNumber("samples", evaluation.Count);
        if (evaluation.Confusion is not { } confusion) return;
        writer.WriteStartArray("confusion");
        for (var actual = 0; actual < confusion.Classes; actual++)
        {
            writer.WriteStartArray();
            for (var said = 0; said < confusion.Classes; said++) writer.WriteNumberValue(confusion[actual, said]);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    });
}
