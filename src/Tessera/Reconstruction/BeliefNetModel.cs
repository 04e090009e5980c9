using Tessera.Data;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>A belief net with how it is trained and on what, as a model file says it.</summary>
/// <param name="Net">The machines and their sizes.</param>
/// <param name="Training">How each machine learns.</param>
public sealed record BeliefNetModel(BeliefNetDescription Net, RbmTraining Training) : ReconstructionModel
{
    /// <inheritdoc/>
    public override string Name => Net.Name;

    /// <inheritdoc/>
    public override Sizes InputShape => Net.InputShape;

    /// <inheritdoc/>
    public override string Kind => "belief net";

    /// <inheritdoc/>
    public override double LearningRate => Training.LearningRate;

    /// <inheritdoc/>
    public override void Check()
    {
        Schedule.Check();
        Training.Check();
        foreach (var machine in Net.Machines) Training.CheckFor(machine);
    }

    /// <inheritdoc/>
    public override string? WarningFor(Dataset training)
    {
        ArgumentNullException.ThrowIfNull(training);
        string[] warnings = [.. ((string?[])[DataWarning(training), .. Net.Machines.Select(Training.WarningFor)]).OfType<string>()];
        return warnings.Length == 0 ? null : string.Join(' ', warnings);
    }

    /// <inheritdoc/>
    public override GradientReport CheckGradients(long seed = 1, int threads = 0, CancellationToken cancellation = default) =>
        RbmCheck.Run(Net, 2, seed, threads, null, cancellation);

    internal override ILearner<T> CreateLearner<T>(int batch) =>
        new BeliefNet<T>(Net, batch, Training, Schedule.Seed, Schedule.Threads, Schedule.Exact);

    /// <summary>What the lowest machine says of its data as it will be normalised.</summary>
    private string? DataWarning(Dataset training)
    {
        var lowest = Net.Machines[0];
        var measured = Normalise.Over(training);
        var used = Data.MeasuresNormalisation ? measured : Data.Normalisation;
        var (means, variances) = (new double[measured.Mean.Count], new double[measured.Mean.Count]);
        for (var c = 0; c < means.Length; c++)
        {
            means[c] = used is null ? measured.Mean[c] : (measured.Mean[c] - used.Mean[c]) / used.StandardDeviation[c];
            variances[c] = Math.Pow(measured.StandardDeviation[c] / (used?.StandardDeviation[c] ?? 1), 2);
        }

        return lowest.DataWarning(means, variances);
    }
}
