using System.Globalization;
using System.Numerics.Tensors;
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
    /// <summary>Samples that a warning looks at.</summary>
    private const int MostLookedAt = 200;

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
    public override string? WarningFor(Dataset training)
    {
        ArgumentNullException.ThrowIfNull(training);
        var count = Math.Min(training.Count, MostLookedAt);
        var largest = LargestWindow(training, count);
        if (Coding.Sparsity < largest) return null;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Coding.Label}: a sparsity of {Coding.Sparsity} leaves every code at 0, as no filter of norm 1 can answer with more than {largest:0.###} to any of the first {count} samples; use less, such as {0.1 * largest:0.##}.");
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

    /// <summary>The largest norm of what any code unit sees of the first samples as they will be normalised: the root of a forward pass of their squares with a kernel of ones.</summary>
    private double LargestWindow(Dataset training, int count)
    {
        var run = new OperatorRun<float>(Coding.Operator.Plan<float>([1, .. InputShape.AsSpan()], PlanOptions.Default, Coding.Label));
        var preparation = Data.MeasuredOn(training).ForInference;
        var (kernel, codes) = (new float[run.Plan.KernelShape.Product], new float[Coding.CodeShape.Product]);
        var (sample, scratch) = (new float[InputShape.Product], new float[InputShape.Product]);
        kernel.AsSpan().Fill(1);
        var largest = 0f;
        for (var n = 0; n < count; n++)
        {
            training.Read(n, sample);
            preparation.Apply(sample, scratch, InputShape, 0, 0, n);
            TensorPrimitives.Multiply<float>(sample, sample, sample);
            run.Forward(sample, kernel, default, codes);
            largest = Math.Max(largest, TensorPrimitives.Max<float>(codes));
        }

        return Math.Sqrt(largest);
    }
}
