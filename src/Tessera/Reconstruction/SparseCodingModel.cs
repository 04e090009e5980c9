using System.Runtime.CompilerServices;
using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
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

    internal override ReconstructionPlan PlanFor<T>(int batch, int threads)
    {
        var geometry = Coding.Resolve();
        var filters = new FilterBank(geometry).Count;
        var (samples, codes, kernel) = (batch * Coding.InputShape.Product, batch * Coding.CodeShape.Product, geometry.KernelShape.Product);

        // Samples, the images of codes, point and proposal, and the residual; codes, point, proposal and descent; for the norm one example of each, its workspace, and two kernels to compare.
        var norm = Coding.Operator.Plan<T>([1, .. Coding.InputShape.AsSpan()], new PlanOptions { Threads = threads }, "operator norm").WorkspaceBytes / Unsafe.SizeOf<T>();
        var activations = (5 * samples) + (4 * codes) + (samples / batch) + (codes / batch) + norm + (2 * kernel);
        var dictionary = new Convolution(Coding.Operator) { Name = "dictionary" };
        return ReconstructionPlan.Of<T>(
            new NetworkDescription(Coding.Name, Coding.InputShape, [dictionary]),
            batch,
            threads,
            [new ReconstructionPart("dictionary", Coding.Operator, kernel, activations, (2 * kernel) + (2 * filters), 2 * Coding.Iterations)]);
    }

    internal override ILearner<T> CreateLearner<T>(int batch) =>
        new SparseCoder<T>(Coding, batch, Training with { Seed = Schedule.Seed }, new PlanOptions { Threads = Schedule.Threads, Exact = Schedule.Exact });
}
