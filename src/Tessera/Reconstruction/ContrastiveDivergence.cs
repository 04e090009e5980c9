using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Reconstruction;

/// <summary>
/// Teaches one machine: positive phase g(h(v), v) with h(v) the hidden means, negative phase the same at the end of a chain of k Gibbs steps from
/// the data (CD-k) or from where the last step's chain ended (persistent), then momentum, decay and sparsity as <see cref="RbmTraining"/> says.
/// Chains move by drawn states; only the last hidden units enter by their means, which have the same expectation and less noise.
/// </summary>
internal sealed class ContrastiveDivergence<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Rbm<T> machine;
    private readonly RbmTraining training;
    private readonly long seed;
    private readonly T[] chain;
    private readonly T[] inputs;
    private readonly T[] means;
    private readonly T[] states;
    private readonly Moving kernel;
    private readonly Moving hiddenBias;
    private readonly Moving visibleBias;
    private readonly T[] activity;
    private readonly T[] perPlace;
    private readonly double kernelPlaces;

    /// <param name="machine">The machine, whose parameters <see cref="Learn"/> changes.</param>
    /// <param name="training">Settings, checked here.</param>
    /// <param name="seed">What chains are drawn from.</param>
    public ContrastiveDivergence(Rbm<T> machine, RbmTraining training, long seed)
    {
        training.CheckFor(machine.Description);
        (this.machine, this.training, this.seed) = (machine, training, seed);
        chain = new T[machine.VisibleElements];
        inputs = new T[machine.HiddenElements];
        means = new T[machine.HiddenElements];
        states = new T[machine.HiddenElements];
        kernel = new Moving(machine.KernelValues);
        hiddenBias = new Moving(machine.HiddenBiasValues);
        visibleBias = new Moving(machine.VisibleBiasValues);
        activity = new T[machine.HiddenBiasValues.Length];
        perPlace = PerPlace(machine);
        kernelPlaces = machine.Batch;
        foreach (var axis in machine.Run.Plan.Geometry.Axes) kernelPlaces *= (axis.Output + axis.Tile - 1) / axis.Tile;
        var label = machine.Description.Label;
        var state = new List<NamedTensor<T>> { new($"{label}.momentum.kernel", machine.KernelShape, kernel.Momentum) };
        if (hiddenBias.Momentum.Length > 0) state.Add(new NamedTensor<T>($"{label}.momentum.hiddenBias", machine.HiddenBiasShape, hiddenBias.Momentum));
        state.Add(new NamedTensor<T>($"{label}.momentum.visibleBias", [visibleBias.Momentum.Length], visibleBias.Momentum));
        State = state;
        if (!training.Persistent) return;
        machine.Noise(chain, seed);
        state.Add(new NamedTensor<T>($"{label}.chain", machine.Run.Plan.InputShape, chain));
    }

    /// <summary>Momenta, and the chains where they are persistent.</summary>
    public IReadOnlyList<NamedTensor<T>> State { get; }

    /// <summary>The last step's gradients of the log-likelihood as the chains estimate it, summed over examples and places: kernel, hidden bias, visible bias.</summary>
    public (T[] Kernel, T[] HiddenBias, T[] VisibleBias) Gradients => (kernel.Gradient, hiddenBias.Gradient, visibleBias.Gradient);

    /// <summary>Learns from one batch [N, C, i…]; gives the mean square of what up and down by means misses, before the step.</summary>
    public double Learn(ReadOnlySpan<T> visible, long step)
    {
        machine.HiddenInputs(visible, inputs);
        machine.Units.HiddenMeans(inputs, means);
        machine.Statistics(visible, means, kernel.Gradient, hiddenBias.Gradient, visibleBias.Gradient, T.One, accumulate: false);
        hiddenBias.Gradient.CopyTo(activity, 0);
        var error = ReconstructionError(visible);
        RunChain(step);
        TensorPrimitives.Negate(means, means);
        machine.Statistics(chain, means, kernel.Gradient, hiddenBias.Gradient, visibleBias.Gradient, -T.One, accumulate: true);
        Update();
        return error;
    }

    /// <summary>One over the examples and places that each hidden bias serves; 0 for one that no place uses (of a tile longer than the output).</summary>
    private static T[] PerPlace(Rbm<T> machine)
    {
        var places = new T[machine.HiddenBiasValues.Length];
        if (places.Length == 0) return places;
        var ones = new T[machine.HiddenElements];
        ones.AsSpan().Fill(T.One);
        machine.Run.KernelGradient(new T[machine.VisibleElements], ones, new T[machine.KernelValues.Length], places);
        foreach (ref var place in places.AsSpan()) place = place > T.Zero ? T.One / place : T.Zero;
        return places;
    }

    /// <summary>Goes down again by the means of the hidden units, in the chain's memory unless a persistent chain stands there.</summary>
    private double ReconstructionError(ReadOnlySpan<T> visible)
    {
        var reconstruction = training.Persistent ? Spare : chain;
        machine.VisibleMeans(means, reconstruction);
        double sum = 0;
        for (var n = 0; n < machine.Batch; n++)
        {
            var row = reconstruction.AsSpan(n * machine.Units.Visible, machine.Units.Visible);
            TensorPrimitives.Subtract(visible.Slice(n * machine.Units.Visible, machine.Units.Visible), row, row);
            sum += double.CreateTruncating(TensorPrimitives.SumOfSquares<T>(row));
        }

        return sum / visible.Length;
    }

    /// <summary>Memory for a reconstruction beside a persistent chain.</summary>
    private T[] Spare => field ??= new T[machine.VisibleElements];

    /// <summary>Leaves the chain's last visible states in <see cref="chain"/> and the means of the hidden units given them.</summary>
    private void RunChain(long step)
    {
        if (training.Persistent)
        {
            machine.HiddenInputs(chain, inputs);
            machine.Units.HiddenMeans(inputs, means);
        }

        for (var k = 0; k < training.Steps; k++)
        {
            machine.Units.DrawHidden(inputs, means, states, Rbm<T>.Key(seed, step, k, hidden: true));
            machine.VisibleMeans(states, chain);
            machine.Units.DrawVisible(chain, Rbm<T>.Key(seed, step, k, hidden: false));
            machine.HiddenInputs(chain, inputs);
            machine.Units.HiddenMeans(inputs, means);
        }
    }

    private void Update()
    {
        kernel.Add(T.CreateTruncating(1 / kernelPlaces), training, training.WeightDecay);
        visibleBias.Add(T.CreateTruncating(1.0 / machine.Batch / (machine.Units.Visible / machine.VisibleBiasValues.Length)), training, 0);
        // Kept as they are for whoever asks: the mean goes into the momentum.
        for (var i = 0; i < activity.Length; i++)
        {
            var gradient = hiddenBias.Gradient[i] * perPlace[i];
            if (training.SparsityTarget is { } target && perPlace[i] > T.Zero)
            {
                gradient += T.CreateTruncating(training.SparsityWeight) * (T.CreateTruncating(target) - (activity[i] * perPlace[i]));
            }

            hiddenBias.Momentum[i] = (T.CreateTruncating(training.Momentum) * hiddenBias.Momentum[i]) + gradient;
        }

        hiddenBias.Step(training);
    }

    /// <summary>A parameter that moves: its gradient and momentum.</summary>
    private sealed class Moving(T[] values)
    {
        public T[] Gradient { get; } = new T[values.Length];

        public T[] Momentum { get; } = new T[values.Length];

        /// <summary>m ← μ m + scale · g − λ θ, and the step.</summary>
        public void Add(T scale, RbmTraining training, double decay)
        {
            TensorPrimitives.Multiply(Momentum, T.CreateTruncating(training.Momentum), Momentum);
            TensorPrimitives.MultiplyAdd(Gradient, scale, Momentum, Momentum);
            if (decay > 0) TensorPrimitives.MultiplyAdd(values, T.CreateTruncating(-decay), Momentum, Momentum);
            Step(training);
        }

        /// <summary>θ ← θ + η m.</summary>
        public void Step(RbmTraining training) => TensorPrimitives.MultiplyAdd(Momentum, T.CreateTruncating(training.LearningRate), values, values);
    }
}
