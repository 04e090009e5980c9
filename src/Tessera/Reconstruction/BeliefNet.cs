using System.Numerics;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// A deep belief net for a batch: each machine learns from the means of the one below, which stays as it is meanwhile. Codes are the means of the
/// highest machine's hidden units, pooled where it pools; decoding goes down by means.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class BeliefNet<T> : ILearner<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Rbm<T>[] machines;
    private readonly ContrastiveDivergence<T>[] learners;
    private readonly T[][] visible;
    private readonly T[][] hidden;
    private readonly T[][] codes;
    private readonly NamedTensor<T>[] parameters;
    private readonly NamedTensor<T>[] state;

    /// <summary>A net whose machines' weights are drawn from a seed.</summary>
    /// <param name="description">The net.</param>
    /// <param name="batch">The batch N.</param>
    /// <param name="training">How every machine learns; the usual settings where left out.</param>
    /// <param name="seed">What weights and chains are drawn from.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors. They change no result.</param>
    /// <param name="exact">Whether every sum is taken term by term: see <see cref="PlanOptions.Exact"/>.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or does not suit a machine.</exception>
    public BeliefNet(BeliefNetDescription description, int batch, RbmTraining? training = null, long seed = 1, int threads = 0, bool exact = false)
    {
        ArgumentNullException.ThrowIfNull(description);
        training ??= new RbmTraining();
        (Description, Batch) = (description, batch);
        var options = new PlanOptions { Threads = threads, Exact = exact };
        machines = [.. description.Machines.Select((machine, s) => new Rbm<T>(machine, description.VisibleShape(s), batch, Seed(s, 0), options))];
        learners = [.. machines.Select((machine, s) => new ContrastiveDivergence<T>(machine, training, Seed(s, 1)))];
        visible = [.. machines.Select(static machine => new T[machine.VisibleElements])];
        hidden = [.. machines.Select(static machine => new T[machine.HiddenElements])];
        codes = [.. machines.Select(static machine => new T[machine.CodeElements])];
        parameters = [.. machines.SelectMany(ParametersOf)];
        state = [.. learners.SelectMany(static learner => learner.State)];

        long Seed(int machine, int use) => unchecked((long)new RandomSource(seed, machine, use).NextBits());
    }

    /// <summary>What the net was made from.</summary>
    public BeliefNetDescription Description { get; }

    /// <summary>The machines, the lowest first, with the net's parameters.</summary>
    public IReadOnlyList<Rbm<T>> Machines => machines;

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public Sizes SampleShape => Description.InputShape;

    /// <inheritdoc/>
    public Sizes CodeShape => Description.CodeShape;

    /// <summary>How many machines are trained one after another.</summary>
    public int Stages => machines.Length;

    IReadOnlyList<NamedTensor<T>> ILearner<T>.Parameters => parameters;

    IReadOnlyList<NamedTensor<T>> ILearner<T>.State => state;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<T> samples, Span<T> codes)
    {
        Check(samples.Length, Batch * SampleShape.Product, "samples");
        Check(codes.Length, Batch * CodeShape.Product, "codes");
        Climb(samples, machines.Length, codes);
    }

    /// <inheritdoc/>
    public void Reconstruct(ReadOnlySpan<T> samples, Span<T> reconstructions) => Reconstruct(samples, machines.Length - 1, reconstructions);

    /// <inheritdoc/>
    public void Reconstruct(ReadOnlySpan<T> samples, Span<T> codes, Span<T> reconstructions)
    {
        Check(reconstructions.Length, Batch * SampleShape.Product, "reconstructions");
        Encode(samples, codes);
        Descend(codes, machines.Length, reconstructions);
    }

    /// <summary>Reconstructs with the machines up to one of them alone: up by means to its code, and down again.</summary>
    /// <param name="samples">[N, C, i…].</param>
    /// <param name="stage">The highest machine, from 0.</param>
    /// <param name="reconstructions">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Reconstruct(ReadOnlySpan<T> samples, int stage, Span<T> reconstructions)
    {
        Check(samples.Length, Batch * SampleShape.Product, "samples");
        Check(reconstructions.Length, Batch * SampleShape.Product, "reconstructions");
        Climb(samples, stage + 1, codes[stage]);
        Descend(codes[stage], stage + 1, reconstructions);
    }

    /// <summary>Computes images from codes by means all the way down; the number of a pooling block is shared equally among its units (<see cref="Rbm{T}.Spread"/>).</summary>
    /// <param name="codes">[N, M, o…].</param>
    /// <param name="samples">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Decode(ReadOnlySpan<T> codes, Span<T> samples)
    {
        Check(codes.Length, Batch * CodeShape.Product, "codes");
        Check(samples.Length, Batch * SampleShape.Product, "samples");
        Descend(codes, machines.Length, samples);
    }

    /// <summary>Learns from one batch: one step of contrastive divergence of one machine, on the means of the machines below it.</summary>
    /// <param name="samples">[N, C, i…], normalised for Gaussian visible units, from 0 to 1 for binary ones.</param>
    /// <param name="stage">The machine, from 0.</param>
    /// <param name="step">The number of the step in the whole training, from 0; chains draw by it.</param>
    /// <returns>The mean square of what the machine misses of its own visible units, up and down by means, before the step.</returns>
    /// <exception cref="ArgumentException">The length is another, or there is no such machine.</exception>
    public double Learn(ReadOnlySpan<T> samples, int stage, long step)
    {
        Check(samples.Length, Batch * SampleShape.Product, "samples");
        if ((uint)stage >= (uint)machines.Length) throw new ArgumentOutOfRangeException(nameof(stage), stage, $"belief net: there are {machines.Length} machines, counted from 0.");
        if (stage == 0) return learners[0].Learn(samples, step);
        Climb(samples, stage, visible[stage]);
        return learners[stage].Learn(visible[stage], step);
    }

    /// <summary>A Gibbs chain in the highest machine, each picture taken down by means to an image.</summary>
    /// <param name="seed">What is drawn from.</param>
    /// <param name="steps">Steps of the chain, 1 or more.</param>
    /// <param name="every">Steps from one picture to the next, 1 or more.</param>
    /// <param name="start">Images [N, C, i…] whose means the chain starts at; empty to start from noise.</param>
    /// <returns>Images [N, C, i…] after <paramref name="every"/> steps, twice as many and so on.</returns>
    /// <exception cref="ArgumentException">The start has another length.</exception>
    public IReadOnlyList<T[]> Sample(long seed, int steps, int every, ReadOnlySpan<T> start = default)
    {
        var top = machines.Length - 1;
        ReadOnlySpan<T> from = [];
        if (!start.IsEmpty)
        {
            Check(start.Length, Batch * SampleShape.Product, "start");
            Climb(start, top, visible[top]);
            from = visible[top];
        }

        return [.. machines[top].Sample(seed, steps, every, from).Select(picture =>
        {
            var image = new T[visible[0].Length];
            Descend(picture, top, image);
            return image;
        })];
    }

    /// <summary>
    /// A feedforward classifier that starts from the machines: for each a convolution with its kernel and hidden bias, then sigmoid (or relu), which is the
    /// hidden means exactly; and at the end a new dense layer. A machine that pools gets a max pooling of its blocks: the largest σ(I) of a block
    /// stands for the probability that any of its units is on, which is at least that and equal to it where only one unit of a block has a chance.
    /// </summary>
    /// <param name="classes">Outputs of the last layer, 1 or more.</param>
    /// <param name="seed">What the last layer's weights are drawn from.</param>
    /// <returns>The network, its convolutions named as the machines, and parameters with memory of their own.</returns>
    public (NetworkDescription Network, NetworkParameters<T> Parameters) ToNetwork(int classes, long seed = 1)
    {
        var layers = new List<Layer>();
        foreach (var machine in Description.Machines)
        {
            layers.Add(new Convolution(machine.Operator) { Name = machine.Name });
            layers.Add(machine.Hidden == HiddenUnits.Rectified ? new Relu { Name = $"{machine.Name}-means" } : new Sigmoid { Name = $"{machine.Name}-means" });
            if (machine.Pooling.Count > 0) layers.Add(new MaxPool { Name = $"{machine.Name}-pool", Window = machine.Pooling, CeilMode = true });
        }

        layers.Add(new Dense(classes) { Name = "classes" });
        var network = new NetworkDescription(Description.Name, Description.InputShape, layers);
        var started = NetworkParameters<T>.Create(network, seed);
        foreach (var machine in machines)
        {
            machine.Kernel.CopyTo(started[$"{machine.Description.Name}.kernel"].Span);
            if (!machine.HiddenBias.IsEmpty) machine.HiddenBias.CopyTo(started[$"{machine.Description.Name}.bias"].Span);
        }

        return (network, started);
    }

    private static IEnumerable<NamedTensor<T>> ParametersOf(Rbm<T> machine)
    {
        var label = machine.Description.Label;
        yield return new NamedTensor<T>($"{label}.kernel", machine.KernelShape, machine.KernelValues);
        if (machine.HiddenBiasValues.Length > 0) yield return new NamedTensor<T>($"{label}.hiddenBias", machine.HiddenBiasShape, machine.HiddenBiasValues);
        yield return new NamedTensor<T>($"{label}.visibleBias", [machine.VisibleBiasValues.Length], machine.VisibleBiasValues);
    }

    /// <summary>The means that the first <paramref name="count"/> machines give, into what the next one sees.</summary>
    private void Climb(ReadOnlySpan<T> samples, int count, Span<T> to)
    {
        if (count == 0) samples.CopyTo(to);
        for (var s = 0; s < count; s++)
        {
            machines[s].HiddenMeans(s == 0 ? samples : visible[s], hidden[s]);
            machines[s].Pool(hidden[s], s == count - 1 ? to : visible[s + 1]);
        }
    }

    /// <summary>The images that what machine <paramref name="count"/> sees (or a code, above all machines) stands for.</summary>
    private void Descend(ReadOnlySpan<T> from, int count, Span<T> samples)
    {
        if (count == 0) from.CopyTo(samples);
        for (var s = count - 1; s >= 0; s--)
        {
            machines[s].Spread(s == count - 1 ? from : visible[s + 1], hidden[s]);
            machines[s].VisibleMeans(hidden[s], s == 0 ? samples : visible[s]);
        }
    }

    private void Check(int length, long expected, string what)
    {
        if (length == expected) return;
        throw new ArgumentException($"belief net: {what} has {length} elements but a batch of {Batch} takes {expected}; give all examples of the batch, row-major.", what);
    }
}
