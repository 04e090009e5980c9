using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Reconstruction;

namespace Tessera.Cli;

/// <summary>A trained model of codes, whichever of them a folder holds: a network that reconstructs, a belief net or a sparse coder.</summary>
/// <param name="Model">The model at work.</param>
/// <param name="Data">What is said of its data.</param>
/// <param name="Fresh">The same with new parameters.</param>
internal sealed record TrainedReconstructor(IReconstructor<float> Model, DataDescription Data, Func<IReconstructor<float>> Fresh)
{
    private const int Usual = 50;

    /// <summary>The noise that the model's training put on its input; null for none.</summary>
    public Noise? Corruption { get; init; }

    /// <summary>The model on images as the data has them.</summary>
    public ImageCoder Coder => new(Model, Data.Normalisation);

    /// <summary>The same before any training, from a seed of its own.</summary>
    public ImageCoder Untrained() => new(Fresh(), Data.Normalisation);

    /// <summary>Opens what a training left.</summary>
    /// <exception cref="ArgumentException">It is a network that does not reconstruct.</exception>
    public static TrainedReconstructor Open(string path, int threads, int batch = Usual)
    {
        if (OnnxModel.Recognises(path)) return Of(TrainedModel.Open(path), threads);
        var checkpoint = TrainedModel.CheckpointPath(path);
        if (ReconstructionCheckpoint.Recognises(checkpoint))
        {
            var opened = ReconstructionCheckpoint.Open(checkpoint);
            return new TrainedReconstructor(opened.ReadModel<float>(batch, threads), opened.Model.Data, () => Untrained(opened.Model, threads));
        }

        return Of(TrainedModel.Open(path), threads);
    }

    /// <summary>A network that reconstructs.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    public static TrainedReconstructor Of(TrainedModel trained, int threads)
    {
        var network = trained.Model.Network;
        var how = new ExecutionOptions { Threads = threads, Exact = trained.Model.Training.Exact };
        return new TrainedReconstructor(
            new Autoencoder<float>(network, trained.Parameters, Usual, how),
            trained.Model.Data,
            () => new Autoencoder<float>(network, NetworkParameters<float>.Create(network, trained.Model.Training.Seed + 1), Usual, how))
        { Corruption = network.Layers.OfType<Noise>().FirstOrDefault(noise => noise.Inputs.Count == 0 ? network.Layers[0] == noise : noise.Inputs[0] == NetworkDescription.InputName) };
    }

    private static IReconstructor<float> Untrained(ReconstructionModel model, int threads) =>
        (model with { Schedule = model.Schedule with { Seed = model.Schedule.Seed + 1, Threads = threads } }).Create<float>(Usual);

    /// <summary>The samples of what is given, or else of what the model was trained on.</summary>
    public DataSplit ReadData(string? given) => TrainedModel.ReadSplit(Data, given, Model.SampleShape);

    /// <summary>The test samples of the same.</summary>
    public Dataset ReadTest(string? given) => ReadData(given).Test ?? throw new UsageException("--data: it has no test samples; give data that has some.");
}
