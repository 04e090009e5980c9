using Tessera.Data;
using Tessera.Reconstruction;

namespace Tessera.Cli;

/// <summary>The pictures that the training of a belief net or a sparse coder leaves: filters, reconstructions, a code, samples.</summary>
internal static class ReconstructionPictures
{
    /// <summary>Whether a model's samples are ones that can be shown.</summary>
    public static bool CanDraw(Sizes sampleShape) => sampleShape.Count is >= 2 and <= 4;

    /// <summary>Writes them, and names the files.</summary>
    public static IEnumerable<string> Write(RunFolder folder, IReconstructor<float> model, DataDescription data, Dataset? test, CancellationToken stopping)
    {
        if (LearnedFilters.Of(model) is [var first, ..])
        {
            first.Write(folder["filters.svg"]);
            yield return "filters.svg";
        }

        if (!CanDraw(model.SampleShape)) yield break;
        if (test is { Count: > 0 })
        {
            var coder = new ImageCoder(model, data.Normalisation);
            Reconstructions.Of(coder, test, Reconstructions.Usual, stopping).Write(folder["reconstructions.svg"]);
            yield return "reconstructions.svg";
            CodeMaps.Of(coder, PredictionSample.FromData(test, [0]).Single(), stopping).Write(folder["codes.svg"]);
            yield return "codes.svg";
        }

        if (model is not BeliefNet<float> net) yield break;
        ChainSamples.Of(net, data.Normalisation, [], ChainSamples.Chains, ChainSamples.Steps, ChainSamples.Every, 1).Write(folder["samples.svg"]);
        yield return "samples.svg";
    }
}
