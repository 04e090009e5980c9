using Tessera.Data;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
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
        var checkpoint = Checkpoint.Open(CheckpointPath(path));
        return new TrainedModel(checkpoint.Model, checkpoint.ReadParameters<float>());
    }

    /// <summary>Reads the description alone, of whichever of the three is given.</summary>
    public static ModelDescription Describe(string path)
    {
        if (!Directory.Exists(path) && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return ModelJson.Read(Existing(path));
        return Checkpoint.Open(CheckpointPath(path)).Model;
    }

    /// <summary>The samples of a part, test or train, of what is given, or else of what the model was trained on.</summary>
    /// <exception cref="UsageException">Nothing is named anywhere, or there is no such part.</exception>
    public Dataset ReadData(string? given, string part)
    {
        var source = given ?? Model.Data.Source ?? throw new UsageException("--data: the model names no data; give some by name or path.");
        var split = DataSources.Read(source, Model.Network.InputShape);
        var data = part == "train" ? split.Training : split.Test ?? throw new UsageException($"--part: {source} has no test samples; use --part train.");
        return Fitted(data, Model.Network);
    }

    /// <summary>All samples that a model file or its option names, to train and to test with.</summary>
    /// <exception cref="UsageException">Nothing is named.</exception>
    public static DataSplit ReadSplit(ModelDescription model)
    {
        var source = model.Data.Source ?? throw new UsageException("--data: the model file names no data; give some by name or path ('tessera data list' shows what there is).");
        var data = DataSources.Read(source, model.Network.InputShape);
        return new DataSplit(Fitted(data.Training, model.Network), data.Test is null ? null : Fitted(data.Test, model.Network));
    }

    /// <summary>A dataset in the shape that the network takes, where it has as many values.</summary>
    public static Dataset Fitted(Dataset data, NetworkDescription network) =>
        data.SampleShape != network.InputShape && data.SampleShape.Product == network.InputShape.Product ? data.WithSampleShape(network.InputShape) : data;

    private static string CheckpointPath(string path) => Existing(Directory.Exists(path) ? Path.Combine(path, "model.safetensors") : path);

    private static string Existing(string path) => File.Exists(path) ? path : throw new FileNotFoundException($"{path}: there is no such file.");
}
