using Tessera.Data;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>A model as the commands are given it: a model file, a checkpoint, or the folder that a training left behind.</summary>
internal sealed record TrainedModel(ModelDescription Model, NetworkParameters<float> Parameters)
{
    /// <summary>Opens a trained network.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static TrainedModel Open(string path)
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) throw new UsageException($"{path}: a model file has no weights; give the folder or the model.safetensors that 'tessera train {path}' leaves behind.");
        if (Reconstruction(path) is { } other) throw new UsageException($"{path}: it is a {other.Kind} and no network; evaluate, compare and draw take it.");
        var checkpoint = Checkpoint.Open(CheckpointPath(path));
        return new TrainedModel(checkpoint.Model, checkpoint.ReadParameters<float>());
    }

    /// <summary>The decoder of a variational network.</summary>
    /// <exception cref="ArgumentException">It has none that can stand alone; the message says why.</exception>
    public VariationalDecoder<float> Decoder(int batch, int threads) => new(Model.Network, Parameters, batch, new ExecutionOptions { Threads = threads, Exact = Model.Training.Exact });

    /// <summary>Reads the description alone, of whichever of the three is given.</summary>
    public static ModelDescription Describe(string path)
    {
        if (Reconstruction(path) is { } other) throw new UsageException($"{path}: it is a {other.Kind} and no network; train, plan, check, evaluate, compare and draw take it.");
        return IsFile(path) ? ModelJson.Read(path) : Checkpoint.Open(CheckpointPath(path)).Model;
    }

    /// <summary>The description of a belief net or a sparse coder, of whichever of the three is given; null of a network.</summary>
    public static ReconstructionModel? Reconstruction(string path)
    {
        if (IsFile(path)) return ReconstructionJson.Recognises(Existing(path)) ? ReconstructionJson.Read(path) : null;
        var checkpoint = CheckpointPath(path);
        return ReconstructionCheckpoint.Recognises(checkpoint) ? ReconstructionCheckpoint.Open(checkpoint).Model : null;
    }

    /// <summary>The epochs of a run: those in its folder's metrics, or else those that its checkpoint keeps.</summary>
    public static IReadOnlyList<EpochMetrics> History(string path)
    {
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

    private static string Existing(string path) => File.Exists(path) ? path : throw new FileNotFoundException($"{path}: there is no such file.");
}
