using System.CommandLine;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Hdf5;
using Tessera.Training;
using Tessera.Weights;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera weights</c>: weights from PyTorch, Keras and NumPy into a checkpoint, and out of one.</summary>
internal static class WeightsCommand
{
    private const string Examples =
        """
        A .safetensors or .npz file is a PyTorch state_dict (tensors are matched by name, or by shape and the numbers in their names); a .h5 file, or
        a .npz whose arrays are called layer/kernel:0, is a Keras 2 model, whose layers are matched in order. docs/weights.md has every layout.

        Examples:
          tessera weights model.json                                        (the names and shapes that a state_dict of this model has)
          tessera weights model.json --from lenet.safetensors --out lenet   (makes lenet/model.safetensors, a checkpoint)
          tessera weights model.json --from keras.h5 --out local.safetensors
          tessera weights runs/mnist-1 --to mnist.safetensors               (torch: load_state_dict(safetensors.torch.load_file("mnist.safetensors")))
          tessera weights runs/mnist-1 --to mnist.npz --names layers
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The model file, or the folder or model.safetensors that a training left.", HelpName = "MODEL" };
        var from = new Option<string?>("--from") { Description = "Weights to read: .safetensors, .npz, .h5.", HelpName = "FILE" };
        var output = new Option<string?>("--out") { Description = "The checkpoint to make of them: a .safetensors file, or a folder for a model.safetensors.", HelpName = "CHECKPOINT" };
        var to = new Option<string?>("--to") { Description = "A state_dict to write: .safetensors or .npz.", HelpName = "FILE" };
        var names = new Option<string?>("--names") { Description = "What its modules are called: sequential (0.weight) or layers (conv1.weight); sequential for a chain of layers if left out." };
        names.AcceptOnlyFromAmong("sequential", "layers");
        var format = new Option<string?>("--data-format") { Description = "Where a Keras model has its channels: channels-last or channels-first; as its file says if left out, or else last." };
        format.AcceptOnlyFromAmong("channels-last", "channels-first");
        var json = CommandOptions.Json();
        var command = new Command("weights", "Bring weights from PyTorch, Keras or NumPy into a checkpoint, or write a trained network's for them.") { model, from, output, to, names, format, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: false);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var (path, source, checkpoint, target) = (parsed.GetRequiredValue(model), parsed.GetValue(from), parsed.GetValue(output), parsed.GetValue(to));
            WeightNames? chosen = parsed.GetValue(names) switch { "sequential" => WeightNames.Sequential, "layers" => WeightNames.Layers, _ => null };
            if (source is null != checkpoint is null) throw new UsageException("weights: --from and --out belong together: the weights to read, and the checkpoint to make of them.");
            if (source is not null && target is not null) throw new UsageException("weights: give --from and --out, or --to, one after the other.");
            var settings = onnx.Read(parsed);
            IReadOnlyList<StateDictEntry>? entries;
            if (source is not null) entries = Import(path, settings, source, checkpoint!, parsed.GetValue(format));
            else if (target is not null) entries = Export(path, settings, target, chosen);
            else entries = StateDict.Describe(TrainedModel.Describe(path, settings).Network, chosen ?? WeightNames.Sequential);
            Show(session.Output, entries, parsed.GetValue(json));
            return Tool.Fine;
        });
        return command;
    }

    /// <summary>Reads weights into a new checkpoint; the names that they had, where they had one each.</summary>
    private static IReadOnlyList<StateDictEntry> Import(string path, OnnxModelSettings settings, string source, string checkpoint, string? format)
    {
        var model = TrainedModel.Describe(path, settings);
        if (model.Data.MeasuresNormalisation)
            throw new UsageException($"{path}: it normalises samples by numbers measured on data, which weights do not bring along; write the mean and deviation that they were trained with under 'normalise' of its data, or leave it out.");
        if (!File.Exists(source)) throw new FileNotFoundException($"{source}: there is no such file.");
        var isFolder = !checkpoint.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
        var file = isFolder ? Path.Combine(checkpoint, "model.safetensors") : checkpoint;
        if (isFolder) Directory.CreateDirectory(checkpoint);
        OutputFiles.Check(file, "--out");
        var parameters = NetworkParameters<float>.Zero(model.Network);
        KerasDataFormat? chosen = format switch { "channels-first" => KerasDataFormat.ChannelsFirst, "channels-last" => KerasDataFormat.ChannelsLast, _ => null };
        IReadOnlyList<StateDictEntry> entries = [.. model.Network.Parameters.Select(parameter => new StateDictEntry(Path.GetFileName(source), parameter.Description.Shape, parameter.Name))];
        if (IsHdf5(source))
        {
            var keras = KerasFile.Read(source);
            KerasWeights.Read(source, keras.Layers, parameters, chosen ?? keras.DataFormat ?? KerasDataFormat.ChannelsLast, keras.IsFlipped);
        }
        else if (source.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) && NpzFile.Names(source).Any(static name => name.Contains('/', StringComparison.Ordinal)))
        {
            KerasWeights.Read(source, KerasLayer.ReadNpz(source), parameters, chosen ?? KerasDataFormat.ChannelsLast);
        }
        else
        {
            entries = StateDict.Read(source, parameters);
        }

        Checkpoint.Save(file, model, parameters);
        return entries;
    }

    private static IReadOnlyList<StateDictEntry> Export(string path, OnnxModelSettings settings, string target, WeightNames? names)
    {
        if (IsHdf5(target)) throw new UsageException($"--to {target}: Keras' files are read, not written; write a .npz file, whose arrays Python sets.");
        if (!target.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) && !target.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--to {target}: the end of the name says the kind of file; give one that ends in .safetensors or .npz.");
        var trained = TrainedModel.Open(path, settings);
        OutputFiles.Check(target, "--to");
        if (File.Exists(target) && Path.GetFullPath(target) == Path.GetFullPath(TrainedModel.CheckpointPath(path))) throw new UsageException($"--to {target}: that is the checkpoint itself; choose another name.");
        StateDict.Write(target, trained.Parameters, names);
        return StateDict.Read(target, NetworkParameters<float>.Zero(trained.Model.Network));
    }

    private static bool IsHdf5(string path) =>
        path.EndsWith(".h5", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".hdf5", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".keras", StringComparison.OrdinalIgnoreCase);

    private static void Show(TextWriter output, IReadOnlyList<StateDictEntry> entries, bool json)
    {
        if (json)
        {
            foreach (var entry in entries)
            {
                JsonLines.WriteLine(output, writer =>
                {
                    writer.WriteString("name", entry.Name);
                    writer.WriteString("parameter", entry.Parameter);
                    writer.WriteStartArray("shape");
                    foreach (var size in entry.Shape) writer.WriteNumberValue(size);
                    writer.WriteEndArray();
                });
            }

            return;
        }

        var (longest, widest) = (entries.Max(static entry => entry.Parameter.Length), entries.Max(static entry => entry.Shape.ToString().Length));
        foreach (var entry in entries) output.WriteLine($"{entry.Parameter.PadRight(longest)}  {entry.Shape.ToString().PadRight(widest)}  {entry.Name}");
    }
}
