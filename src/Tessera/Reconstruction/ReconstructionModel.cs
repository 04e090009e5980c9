using System.Numerics;
using Tessera.Data;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>
/// What a model file says of a model that is no network: a belief net or a sparse coder, how it is trained, and on what. Immutable and
/// comparable. The family is closed: <see cref="BeliefNetModel"/>, <see cref="SparseCodingModel"/>.
/// </summary>
public abstract record ReconstructionModel
{
    private protected ReconstructionModel()
    {
    }

    /// <summary>The model's name.</summary>
    public abstract string Name { get; }

    /// <summary>The shape of one example, [C, i…].</summary>
    public abstract Sizes InputShape { get; }

    /// <summary>What messages and tables call this kind of model.</summary>
    public abstract string Kind { get; }

    /// <summary>The size of a step, as training reports it.</summary>
    public abstract double LearningRate { get; }

    /// <summary>How it goes through its data.</summary>
    public ReconstructionTraining Schedule { get; init; } = new();

    /// <summary>Where samples come from and what is done to them.</summary>
    public DataDescription Data { get; init; } = new();

    /// <summary>Throws where a setting makes no sense or sizes do not fit.</summary>
    /// <exception cref="ArgumentException">The message names the setting and a way out.</exception>
    public abstract void Check();

    /// <summary>What is likely to go wrong with the data as it reaches the model, in a sentence with a way out; null where nothing is.</summary>
    /// <param name="training">What is trained on, before it is normalised.</param>
    public virtual string? WarningFor(Dataset training) => null;

    /// <summary>The certificate for the gradients of this very model: its operators, its sharing, its units.</summary>
    /// <param name="seed">What inputs, parameters and directions are drawn from.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <param name="cancellation">Ends the work.</param>
    public abstract GradientReport CheckGradients(long seed = 1, int threads = 0, CancellationToken cancellation = default);

    /// <summary>The model's sizes, work and memory in elements of type T, before there is any of it.</summary>
    /// <param name="batch">The batch, from 1; null for the training's.</param>
    /// <param name="threads">The most threads; null for the training's, 0 for as many as there are processors.</param>
    /// <exception cref="ArgumentException">The batch is below 1.</exception>
    public ReconstructionPlan Plan<T>(int? batch = null, int? threads = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var examples = batch ?? Schedule.BatchSize;
        ArgumentOutOfRangeException.ThrowIfLessThan(examples, 1, nameof(batch));
        return PlanFor<T>(examples, threads ?? Schedule.Threads);
    }

    /// <summary>The model at its beginning, with parameters from its seed.</summary>
    /// <param name="batch">The examples N of one call.</param>
    public IReconstructor<T> Create<T>(int batch)
        where T : unmanaged, IFloatingPointIeee754<T> => CreateLearner<T>(batch);

    internal abstract ReconstructionPlan PlanFor<T>(int batch, int threads)
        where T : unmanaged, IFloatingPointIeee754<T>;

    internal abstract ILearner<T> CreateLearner<T>(int batch)
        where T : unmanaged, IFloatingPointIeee754<T>;
}
