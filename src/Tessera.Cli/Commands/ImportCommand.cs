using System.CommandLine;
using System.Globalization;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera import</c>: an ONNX model as a checkpoint, such as a training leaves.</summary>
internal static class ImportCommand
{
    private const string Examples =
        """
        What is made is what a training leaves: every command takes it. A folder gets the network (model.safetensors) and its description
        (model.json), to change and train on. Commands also take the .onnx file itself, and import it each time.
        Samples are numbers from 0 to 1; say what the model was trained on by --mean and --deviation.

        Examples:
          tessera import mobilenet.onnx --out mobilenet --mean 0.485,0.456,0.406 --deviation 0.229,0.224,0.225 --classes imagenet.txt
          tessera import detector.onnx --out detector.safetensors --input-shape 3,320,320
          tessera train mobilenet/model.json --from mobilenet --data ~/mydata        (fine-tuning)
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The ONNX model.", HelpName = "MODEL.onnx" };
        var output = new Option<string>("--out") { Description = "The checkpoint to make: a .safetensors file, or a folder for a model.safetensors and a model.json.", HelpName = "CHECKPOINT", Required = true };
        var json = CommandOptions.Json();
        var command = new Command("import", "Make a checkpoint of an ONNX model.") { model, output, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: true, trains: true);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(model);
            if (!OnnxModel.Recognises(path)) throw new UsageException($"import {path}: the end of the name says the kind of file; give one that ends in .onnx (weights alone are read by 'tessera weights').");
            var imported = OnnxModel.Read(path, onnx.Read(parsed));
            var file = Write(imported, parsed.GetRequiredValue(output));
            if (parsed.GetValue(json)) WriteJson(session.Output, file, imported);
            else WriteText(session.Output, file, imported);
            return Tool.Fine;
        });
        return command;
    }

    private static string Write(TrainedModel imported, string output)
    {
        if (output.Length == 0) throw new UsageException("--out is empty; give a folder or a .safetensors file.");
        var isFolder = !output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
        var file = isFolder ? Path.Combine(output, "model.safetensors") : output;
        if (isFolder && File.Exists(output)) throw new IOException($"--out {output}: it is a file; give a folder, or a name that ends in .safetensors.");
        if (isFolder) Directory.CreateDirectory(output);
        OutputFiles.Check(file, "--out");
        Checkpoint.Save(file, imported.Model, imported.Parameters);
        if (isFolder) ModelJson.Write(Path.Combine(output, "model.json"), imported.Model);
        return file;
    }

    private static void WriteText(TextWriter output, string file, TrainedModel imported)
    {
        var network = imported.Model.Network;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {network.Layers.Count} layers, {network.ParameterCount} parameters; to train on with {imported.Model.Training.Loss.Name}"));
        output.WriteLine($"input '{imported.InputName}' [N, {string.Join(", ", network.InputShape)}]");
        foreach (var (name, layer, shape) in Outputs(imported)) output.WriteLine($"output '{name}' [{shape}]{(layer == name ? "" : $", layer '{layer}'")}");
    }

    private static void WriteJson(TextWriter output, string file, TrainedModel imported) => JsonLines.WriteLine(output, writer =>
    {
        var network = imported.Model.Network;
        writer.WriteString("out", file);
        writer.WriteString("name", network.Name);
        writer.WriteNumber("layers", network.Layers.Count);
        writer.WriteNumber("parameters", network.ParameterCount);
        writer.WriteString("loss", imported.Model.Training.Loss.Name);
        writer.WriteString("input", imported.InputName);
        writer.WriteSizes("inputShape", network.InputShape);
        writer.WriteStartArray("outputs");
        foreach (var (name, layer, shape) in Outputs(imported))
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("layer", layer);
            writer.WriteString("shape", shape);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    /// <summary>Each output with its shape, in which the batch is N unless the network runs one example alone.</summary>
    private static IEnumerable<(string Name, string Layer, string Shape)> Outputs(TrainedModel imported)
    {
        var network = imported.Model.Network;
        IReadOnlyList<Sizes> one = network.Shapes(1), two = one;
        try
        {
            two = network.Shapes(2);
        }
        catch (ArgumentException)
        {
            // A layer moves the batch, and another does not take what comes of it.
        }

        foreach (var (name, layer) in imported.Outputs)
        {
            var at = network.Layers.ToList().FindIndex(candidate => candidate.Name == layer);
            yield return (name, layer, string.Join(", ", one[at].Zip(two[at], static (first, second) => first == second ? first.ToString(CultureInfo.InvariantCulture) : second == 2 * first && first == 1 ? "N" : $"{first}N")));
        }
    }
}
