using Tessera.Data;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>A model as the commands are given it: a model file, a checkpoint, the folder that a training left behind, or an ONNX model.</summary>
internal sealed record TrainedModel(ModelDescription Model, NetworkParameters<float> Parameters)
{
    /// <summary>What the input is called where the model comes from.</summary>
    public string InputName { get; init; } = NetworkDescription.InputName;

    /// <summary>The inputs that lie behind one another in a sample, where the model comes from elsewhere and takes several.</summary>
    public IReadOnlyList<(string Name, Sizes Shape)> Inputs { get; init; } = [];

    /// <summary>The outputs, the network's own first: what each is called where the model comes from, and the layer that gives it.</summary>
    public IReadOnlyList<(string Name, string Layer)> Outputs { get; init; } =
        [(Model.Network.Layers[^1].Name, Model.Network.Layers[^1].Name), .. Model.Network.FurtherOutputs.Select(static layer => (layer, layer))];

    /// <summary>Opens a trained network.</summary>
    /// <param name="path">A checkpoint, a folder with one, or an ONNX model.</param>
    /// <param name="onnx">What an ONNX model does not say of itself; null for nothing.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UsageException">It is none of these, or not what the settings are about.</exception>
    public static TrainedModel Open(string path, OnnxModelSettings? onnx = null)
    {
        if (OnnxModel.Recognises(path)) return OnnxModel.Read(path, onnx ?? new OnnxModelSettings());
        RefuseSettings(path, onnx);
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) throw new UsageException($"{path}: a model file has no weights; give the folder or the model.safetensors that 'tessera train {path}' leaves behind.");
        if (Reconstruction(path) is { } other) throw new UsageException($"{path}: it is a {other.Kind} and no network; evaluate, compare and draw take it.");
        var checkpoint = Checkpoint.Open(CheckpointPath(path));
        return new TrainedModel(checkpoint.Model, checkpoint.ReadParameters<float>());
    }

    /// <summary>The decoder of a variational network.</summary>
    /// <exception cref="ArgumentException">It has none that can stand alone; the message says why.</exception>
    public VariationalDecoder<float> Decoder(int batch, int threads) => new(Model.Network, Parameters, batch, new ExecutionOptions { Threads = threads, Exact = Model.Training.Exact });

    /// <summary>Reads the description alone, of whichever of the four is given.</summary>
    public static ModelDescription Describe(string path, OnnxModelSettings? onnx = null)
    {
        if (OnnxModel.Recognises(path)) return OnnxModel.Read(path, onnx ?? new OnnxModelSettings()).Model;
        RefuseSettings(path, onnx);
        if (Reconstruction(path) is { } other) throw new UsageException($"{path}: it is a {other.Kind} and no network; train, plan, check, evaluate, compare and draw take it.");
        return IsFile(path) ? ModelJson.Read(path) : Checkpoint.Open(CheckpointPath(path)).Model;
    }

    /// <summary>The description of a belief net or a sparse coder, of whichever of the four is given; null of a network.</summary>
    public static ReconstructionModel? Reconstruction(string path)
    {
        if (OnnxModel.Recognises(path)) return null;
        if (IsFile(path)) return ReconstructionJson.Recognises(Existing(path)) ? ReconstructionJson.Read(path) : null;
        var checkpoint = CheckpointPath(path);
        return ReconstructionCheckpoint.Recognises(checkpoint) ? ReconstructionCheckpoint.Open(checkpoint).Model : null;
    }

    /// <summary>The epochs of a run: those in its folder's metrics, or else those that its checkpoint keeps.</summary>
    public static IReadOnlyList<EpochMetrics> History(string path)
    {
        if (OnnxModel.Recognises(path)) throw new UsageException($"{path}: an ONNX model keeps nothing of its training; give a folder that 'tessera train' left.");
        var metrics = Directory.Exists(path) ? Path.Combine(path, "metrics.csv") : "";
        if (!File.Exists(metrics)) return Reconstruction(path) is not null ? ReconstructionCheckpoint.Open(CheckpointPath(path)).History : Checkpoint.Open(CheckpointPath(path)).History;
        var lines = File.ReadAllLines(metrics);
        if (lines.Length == 0 || lines[0] != EpochMetrics.CsvHeader) throw new InvalidDataException($"{metrics}: its first line is not '{EpochMetrics.CsvHeader}'; give a folder that 'tessera train' left.");
        var epochs = new List<EpochMetrics>();
        for (var line = 1; line < lines.Length; line++)
        {
            try
            {
                epochs.Add(EpochMetrics.ParseCsv(lines[line]));
            }
            catch (Exception exception) when (exception is FormatException or OverflowException)
            {
                throw new InvalidDataException($"{metrics} line {line + 1}: {exception.Message}.", exception);
            }
        }

        return epochs;
    }

    /// <summary>The samples of a part, test or train, of what is given, or else of what the model was trained on.</summary>
    /// <exception cref="UsageException">Nothing is named anywhere, or there is no such part.</exception>
    public Dataset ReadData(string? given, string part)
    {
        return Part(ReadSplit(Model.Data, given, Model.Network.InputShape), part, given ?? Model.Data.Source);
    }

    /// <summary>A part of samples, test or train.</summary>
    /// <exception cref="UsageException">There is no such part.</exception>
    public static Dataset Part(DataSplit split, string part, string? source) =>
        part == "train" ? split.Training : split.Test ?? throw new UsageException($"--part: {source} has no test samples; use --part train.");

    /// <summary>The checkpoint, given by itself or by its folder.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string CheckpointPath(string path) => Existing(Directory.Exists(path) ? Path.Combine(path, "model.safetensors") : path);

    /// <summary>All samples that a model file or its option names, to train and to test with.</summary>
    /// <exception cref="UsageException">Nothing is named.</exception>
    public static DataSplit ReadSplit(ModelDescription model) => ReadSplit(model.Data, model.Network.InputShape);

    /// <summary>The same of any model of samples of a shape.</summary>
    public static DataSplit ReadSplit(DataDescription data, Sizes sampleShape) => DataSources.ReadFor(
        data.Source ?? throw new UsageException("--data: the model file names no data; give some by name or path ('tessera data list' shows what there is)."), sampleShape);

    /// <summary>The samples of what is given, or else of what a model was trained on.</summary>
    /// <exception cref="UsageException">Nothing is named anywhere.</exception>
    public static DataSplit ReadSplit(DataDescription data, string? given, Sizes sampleShape) =>
        DataSources.ReadFor(given ?? data.Source ?? throw new UsageException("--data: the model names no data; give some by name or path."), sampleShape);

    private static bool IsFile(string path) => !Directory.Exists(path) && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);

    private static void RefuseSettings(string path, OnnxModelSettings? onnx)
    {
        if (onnx?.Given is { } option) throw new UsageException($"{option}: it is about ONNX models, and {path} is none; leave it out.");
    }

    private static string Existing(string path) => File.Exists(path) ? path : throw new FileNotFoundException($"{path}: there is no such file.");
}
