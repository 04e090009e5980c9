using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
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

    internal override ReconstructionPlan PlanFor<T>(int batch, int threads)
    {
        var layers = new List<Layer>();
        var parts = new List<ReconstructionPart>();
        for (var s = 0; s < Net.Machines.Count; s++)
        {
            var (machine, shape) = (Net.Machines[s], Net.VisibleShape(s));
            layers.Add(new Convolution(machine.Operator) { Name = machine.Name });
            if (machine.Pooling.Count > 0) layers.Add(new MaxPool { Name = $"{machine.Name}-pool", Window = machine.Pooling, CeilMode = true });
            parts.Add(PartOf(machine, shape, batch));
        }

        return ReconstructionPlan.Of<T>(new NetworkDescription(Net.Name, Net.InputShape, layers), batch, threads, parts);
    }

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

    /// <summary>A machine with its learner, in a net: what each of them keeps.</summary>
    private ReconstructionPart PartOf(RbmDescription machine, Sizes shape, int batch)
    {
        var one = new Convolution(machine.Operator) { Name = machine.Label }.Parameters([[1, .. shape.AsSpan()]]);
        var (kernel, bias) = (one[0].Shape.Product, one.Count > 1 ? one[1].Shape.Product : 0);
        var parameters = kernel + bias + shape[0];
        var (visible, hidden, codes) = (batch * shape.Product, batch * machine.HiddenShape(shape).Product, batch * machine.CodeShape(shape).Product);

        // The net's own of each; the machine's inputs, means and blocks; the learner's chain, inputs, means and states, and a reconstruction beside a persistent chain.
        var activations = visible + hidden + codes + (2 * hidden) + (machine.Pooling.Count > 0 ? codes : 0) + visible + (3 * hidden) + (Training.Persistent ? visible : 0);
        return new ReconstructionPart("rbm", machine.Operator, parameters, activations, (2 * parameters) + (2 * bias));
    }
}
