using System.CommandLine;
using System.Globalization;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Onnx;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera export</c>: a network as an ONNX model.</summary>
internal static class ExportCommand
{
    private const string Examples =
        """
        Every sharing and connection is written in standard operators, so that any runtime of the format gives the network's outputs; the file also
        says which layers they stand for, so that Tessera reads the very network back. A model file has no weights yet: they are drawn from its seed.

        Examples:
          tessera export runs/mnist-1 --out mnist.onnx
          tessera export runs/mnist-1/model.safetensors --out mnist.onnx --opset 18 --batch 1
          tessera export samples/lenet5.json --out untrained.onnx --json
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The folder that a training left, its model.safetensors, a model file, or an ONNX model.", HelpName = "MODEL" };
        var output = new Option<string>("--out") { Description = "The ONNX file to write.", HelpName = "FILE.onnx", Required = true };
        var opset = CommandOptions.Whole("--opset", "The version of ONNX's operators to write in; 21 if left out.", 18, 23);
        var batch = CommandOptions.Whole("--batch", "The batch that the file is for; any if left out.", 1);
        var json = CommandOptions.Json();
        var command = new Command("export", "Write a network as an ONNX model.") { model, output, opset, batch, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: false);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(output);
            OutputFiles.Check(path, "--out");
            var trained = Open(parsed.GetRequiredValue(model), onnx.Read(parsed));
            var options = new OnnxExportOptions { Opset = parsed.GetValue(opset) ?? OnnxExportOptions.Default.Opset, Batch = parsed.GetValue(batch) };
            OnnxExport.Write(path, trained.Parameters, options);
            var bytes = new FileInfo(path).Length;
            if (parsed.GetValue(json)) WriteJson(session.Output, path, bytes, trained, options);
            else WriteText(session.Output, path, bytes, trained);
            return Tool.Fine;
        });
        return command;
    }

    private static TrainedModel Open(string path, OnnxModelSettings settings)
    {
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return TrainedModel.Open(path, settings);
        var description = TrainedModel.Describe(path, settings);
        return new TrainedModel(description, NetworkParameters<float>.Create(description.Network, description.Training.Seed));
    }

    private static void WriteText(TextWriter output, string path, long bytes, TrainedModel trained)
    {
        var network = trained.Model.Network;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {network.Layers.Count} layers, {network.ParameterCount} parameters, {bytes} bytes"));
        output.WriteLine($"input 'input' [N, {string.Join(", ", network.InputShape)}], output '{network.Layers[^1].Name}' [N, {string.Join(", ", network.OutputShape(1).From(1))}]");
        if (trained.Model.Data.Normalisation is { } normalise) output.WriteLine($"Samples were normalised before training: (value − mean) / deviation with the means {List(normalise.Mean)} and the deviations {List(normalise.StandardDeviation)} of the channels. Whoever runs the file does the same.");
    }

    private static void WriteJson(TextWriter output, string path, long bytes, TrainedModel trained, OnnxExportOptions options) => JsonLines.WriteLine(output, writer =>
    {
        writer.WriteString("out", path);
        writer.WriteNumber("bytes", bytes);
        writer.WriteNumber("opset", options.Opset);
        writer.WriteNumber("layers", trained.Model.Network.Layers.Count);
        writer.WriteNumber("parameters", trained.Model.Network.ParameterCount);
        writer.WriteString("output", trained.Model.Network.Layers[^1].Name);
        if (trained.Model.Data.Normalisation is not { } normalise) return;
        Write("mean", normalise.Mean);
        Write("deviation", normalise.StandardDeviation);

        void Write(string key, IReadOnlyList<float> numbers)
        {
            writer.WriteStartArray(key);
            foreach (var number in numbers) writer.WriteNumberValue(number);
            writer.WriteEndArray();
        }
    });

    private static string List(IReadOnlyList<float> numbers) => string.Join(", ", numbers.Select(static number => number.ToString(CultureInfo.InvariantCulture)));
}
