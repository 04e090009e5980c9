using Tessera.Cli.Runs;
using Tessera.Data;
using Tessera.Reconstruction;

namespace Tessera.Cli.Pictures;

/// <summary>The pictures that the training of a belief net or a sparse coder leaves: filters, reconstructions, a code, samples.</summary>
internal static class ReconstructionPictures
{
    /// <summary>Whether a model's samples are ones that can be shown.</summary>
    public static bool CanDraw(Sizes sampleShape) => sampleShape.Count is >= 2 and <= 4;

    /// <summary>Writes them into the folder of the checkpoint that holds the model, and names the files.</summary>
    public static IEnumerable<string> Write(RunFolder folder, Dataset? test, int threads, CancellationToken stopping)
    {
        var trained = TrainedReconstructor.Open(folder.Checkpoint, threads);
        if (LearnedFilters.Of(trained.Model) is [var first, ..])
        {
            first.Write(folder["filters.svg"]);
            yield return "filters.svg";
        }

        if (!CanDraw(trained.Model.SampleShape)) yield break;
        if (test is { Count: > 0 })
        {
            Reconstructions.Of(trained.Coder, test, Reconstructions.Usual, null, stopping).Write(folder["reconstructions.svg"]);
            yield return "reconstructions.svg";
            CodeMaps.Of(trained.Coder, PredictionSample.FromData(test, [0]).Single(), stopping).Write(folder["codes.svg"]);
            yield return "codes.svg";
        }

        if (trained.Model is not BeliefNet<float>) yield break;
        // Opened for as many examples as there are chains to show.
        var net = (BeliefNet<float>)TrainedReconstructor.Open(folder.Checkpoint, threads, ChainSamples.Chains).Model;
        ChainSamples.Of(net, trained.Data.Normalisation, [], ChainSamples.Steps, ChainSamples.Every, 1).Write(folder["samples.svg"]);
        yield return "samples.svg";
    }
}
