using Tessera.Data;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>A sparse coder with how its dictionary is learnt and on what, as a model file says it.</summary>
/// <param name="Coding">The operator, its sparsity and how codes are found.</param>
/// <param name="Training">How the dictionary learns.</param>
public sealed record SparseCodingModel(SparseCodingDescription Coding, SparseCodingTraining Training) : ReconstructionModel
{
    /// <inheritdoc/>
    public override string Name => Coding.Name;

    /// <inheritdoc/>
    public override Sizes InputShape => Coding.InputShape;

    /// <inheritdoc/>
    public override string Kind => "sparse coder";

    /// <inheritdoc/>
    public override double LearningRate => Training.LearningRate;

    /// <inheritdoc/>
    public override void Check()
    {
        Schedule.Check();
        Training.Check();
        Coding.Check();
    }

    /// <inheritdoc/>
    public override GradientReport CheckGradients(long seed = 1, int threads = 0, CancellationToken cancellation = default) =>
        SparseCodingCheck.Run(Coding, 2, seed, threads, null, cancellation);

    internal override ILearner<T> CreateLearner<T>(int batch) =>
        new SparseCoder<T>(Coding, batch, Training with { Seed = Schedule.Seed }, new PlanOptions { Threads = Schedule.Threads, Exact = Schedule.Exact });
}
