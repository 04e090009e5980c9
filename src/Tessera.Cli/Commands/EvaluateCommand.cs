using System.CommandLine;
using System.Globalization;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera evaluate</c>: how well a trained network does on data, or how well a belief net or a sparse coder reconstructs it.</summary>
internal static class EvaluateCommand
{
    private const string Examples =
        """
        Examples:
          tessera evaluate runs/mnist-1
          tessera evaluate runs/fashion/model.safetensors --data fashion-mnist
          tessera evaluate runs/mnist-1 --part train --json
          tessera evaluate model.onnx --data ~/mydata --mean 0.485,0.456,0.406 --deviation 0.229,0.224,0.225
          tessera evaluate runs/rbm-1               (what its reconstruction misses; tessera compare says more)
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
        var command = new Command("evaluate", "Say how well a trained model does on data: loss, accuracy, and which classes it takes for which; of a belief net or a sparse coder what its reconstruction misses.") { model, data, part, batch, threads, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: true);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(model);
            if (TrainedModel.Reconstruction(given) is { } other)
            {
                return EvaluateReconstruction(session, given, other, parsed.GetValue(data), parsed.GetRequiredValue(part), parsed.GetValue(batch), parsed.GetValue(threads) ?? 0, parsed.GetValue(json));
            }

            var trained = TrainedModel.Open(given, onnx.Read(parsed));
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

    private static int EvaluateReconstruction(Session session, string given, ReconstructionModel model, string? data, string part, int? batch, int threads, bool json)
    {
        var samples = TrainedModel.Part(TrainedModel.ReadSplit(model.Data, data, model.InputShape), part, data ?? model.Data.Source);
        var trained = TrainedReconstructor.Open(given, threads, Math.Min(batch ?? 100, samples.Count));
        var error = new ReconstructionError<float>(trained.Model, trained.Data.ForInference).Of(samples, session.Stopping);
        if (json)
        {
            JsonLines.WriteLine(session.Output, writer =>
            {
                writer.WriteFinite("reconstructionError", error);
                writer.WriteNumber("samples", samples.Count);
            });
        }
        else
        {
            session.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mean square error of reconstruction {error:0.00000} on {samples.Count} samples{(trained.Data.Normalisation is null ? "" : ", normalised as in training")}"));
        }

        return Tool.Fine;
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
