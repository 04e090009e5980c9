using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>What a run's record says of the model that was trained.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seed">What its random choices were made from.</param>
/// <param name="Parameters">The elements that training changed.</param>
/// <param name="ClassNames">The names of the classes, by label.</param>
/// <param name="Next">What to do with it, with {0} for its folder.</param>
internal sealed record RunSubject(string Name, long Seed, long Parameters, IReadOnlyList<string> ClassNames, string Next)
{
    private const string Codes = "tessera compare {0}, or tessera draw --help";

    public static RunSubject Of(ModelDescription model) => new(
        model.Network.Name,
        model.Training.Seed,
        model.Network.TrainedParameterCount,
        model.Data.ClassNames,
        model.Training.Target == TrainingTarget.Input ? Codes : "tessera predict {0} IMAGE.png, or tessera evaluate {0}");

    public static RunSubject Of(ReconstructionModel model, long parameters) => new(model.Name, model.Schedule.Seed, parameters, model.Data.ClassNames, Codes);
}
