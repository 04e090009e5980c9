using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// A restricted Boltzmann machine with its parameters, ready for a batch. Tensors are row-major: visible [N, C, i…], hidden [N, M, o…]. All
/// products are the operator's three operations: hidden inputs I = A(K) v + b, visible inputs A(K)ᵀ h, statistics g(h, v). Draws come from
/// seeds and places alone, so that the number of threads changes nothing. One thread uses a machine at a time.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Rbm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] inputs;
    private readonly T[] means;
    private readonly double[] perExample;

    /// <summary>A machine whose weights are normal of deviation 0.1 / √fan-in, drawn from a seed in double, and whose biases are 0.</summary>
    /// <param name="description">The machine.</param>
    /// <param name="visibleShape">The shape of one visible image, [C, i…].</param>
    /// <param name="batch">The batch N.</param>
    /// <param name="seed">What the weights are drawn from.</param>
    /// <param name="options">How to execute; the fast kernels on all threads where left out.</param>
    /// <exception cref="ArgumentException">The description contradicts itself or does not fit the image, or the batch is below 1.</exception>
    public Rbm(RbmDescription description, Sizes visibleShape, int batch, long seed = 1, PlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(description);
        options ??= PlanOptions.Default;
        var geometry = description.Resolve(visibleShape);
        var plan = description.Operator.Plan<T>([batch, .. visibleShape.AsSpan()], options, description.Label);
        Run = new OperatorRun<T>(plan);
        Units = new RbmUnits<T>(description, geometry, batch, options.ResolvedThreads);
        (Description, VisibleShape, Batch) = (description, visibleShape, batch);
        HiddenShape = plan.OutputShape.From(1);
        CodeShape = description.CodeShape(visibleShape);
        KernelValues = new T[plan.KernelShape.Product];
        HiddenBiasValues = new T[plan.HasBias ? plan.BiasShape.Product : 0];
        VisibleBiasValues = new T[visibleShape[0]];
        inputs = new T[HiddenElements];
        means = new T[HiddenElements];
        perExample = new double[batch];
        var random = new RandomSource(seed);
        var deviation = 0.1 / Math.Sqrt(KernelParameter.Of(geometry, transposed: false, null).FanIn);
        foreach (ref var weight in KernelValues.AsSpan()) weight = T.CreateTruncating(deviation * random.NextNormal());
    }

    /// <summary>What the machine was made from.</summary>
    public RbmDescription Description { get; }

    /// <summary>The examples N that one call takes.</summary>
    public int Batch { get; }

    /// <summary>The shape of one visible image, [C, i…].</summary>
    public Sizes VisibleShape { get; }

    /// <summary>The shape of one example's hidden units, [M, o…].</summary>
    public Sizes HiddenShape { get; }

    /// <summary>The shape of one example's pooled units, [M, ⌈o / block⌉…]; the hidden shape where there is no pooling.</summary>
    public Sizes CodeShape { get; }

    /// <summary>The shape of the kernel.</summary>
    public Sizes KernelShape => Run.Plan.KernelShape;

    /// <summary>The shape of the hidden bias; empty where the operator has none.</summary>
    public Sizes HiddenBiasShape => Run.Plan.BiasShape;

    /// <summary>K, the machine's own numbers.</summary>
    public Span<T> Kernel => KernelValues;

    /// <summary>b, the machine's own numbers; empty where the operator has no bias.</summary>
    public Span<T> HiddenBias => HiddenBiasValues;

    /// <summary>c [C], the machine's own numbers.</summary>
    public Span<T> VisibleBias => VisibleBiasValues;

    internal T[] KernelValues { get; }

    internal T[] HiddenBiasValues { get; }

    internal T[] VisibleBiasValues { get; }

    internal OperatorRun<T> Run { get; }

    internal RbmUnits<T> Units { get; }

    /// <summary>The visible units of a batch.</summary>
    internal int VisibleElements => checked(Batch * Units.Visible);

    /// <summary>The hidden units of a batch.</summary>
    internal int HiddenElements => checked(Batch * Units.Hidden);

    /// <summary>The pooled units of a batch.</summary>
    internal int CodeElements => Batch * Units.Pooled;

    /// <summary>
    /// Means of hidden units given visible ones: σ(I), I = A(K) v + b; with pooling exp(I_j) / (1 + Σ exp(I) over the block of j) (Lee et al. 2009);
    /// max(0, I) for rectified units (Nair and Hinton 2010).
    /// </summary>
    /// <param name="visible">v [N, C, i…].</param>
    /// <param name="hidden">[N, M, o…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void HiddenMeans(ReadOnlySpan<T> visible, Span<T> hidden)
    {
        Check(visible.Length, VisibleElements, "visible");
        Check(hidden.Length, HiddenElements, "hidden");
        HiddenInputs(visible, hidden);
        Units.HiddenMeans(hidden, hidden);
    }

    /// <summary>States of hidden units given visible ones: 0 or 1 by their means, at most one of a block on with pooling; max(0, I + N(0, σ(I))) for rectified units.</summary>
    /// <param name="visible">v [N, C, i…].</param>
    /// <param name="hidden">h [N, M, o…]; overwritten.</param>
    /// <param name="seed">What is drawn from.</param>
    /// <param name="step">Which step of a training; each draws anew.</param>
    /// <param name="chainStep">Which step of a chain; each draws anew.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void SampleHidden(ReadOnlySpan<T> visible, Span<T> hidden, long seed, long step = 0, int chainStep = 0)
    {
        Check(visible.Length, VisibleElements, "visible");
        Check(hidden.Length, HiddenElements, "hidden");
        HiddenInputs(visible, inputs);
        Units.HiddenMeans(inputs, means);
        Units.DrawHidden(inputs, means, hidden, Key(seed, step, chainStep, hidden: true));
    }

    /// <summary>Means of visible units given hidden ones: σ(A(K)ᵀ h + c), or A(K)ᵀ h + c for Gaussian units.</summary>
    /// <param name="hidden">h [N, M, o…], states or means.</param>
    /// <param name="visible">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void VisibleMeans(ReadOnlySpan<T> hidden, Span<T> visible)
    {
        Check(hidden.Length, HiddenElements, "hidden");
        Check(visible.Length, VisibleElements, "visible");
        Run.InputGradient(KernelValues, hidden, visible);
        Units.VisibleMeans(visible, VisibleBiasValues);
    }

    /// <summary>States of visible units given hidden ones: 0 or 1 by their means; normal of variance 1 around them for Gaussian units.</summary>
    /// <param name="hidden">h [N, M, o…].</param>
    /// <param name="visible">v [N, C, i…]; overwritten.</param>
    /// <param name="seed">What is drawn from.</param>
    /// <param name="step">Which step of a training; each draws anew.</param>
    /// <param name="chainStep">Which step of a chain; each draws anew.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void SampleVisible(ReadOnlySpan<T> hidden, Span<T> visible, long seed, long step = 0, int chainStep = 0)
    {
        VisibleMeans(hidden, visible);
        Units.DrawVisible(visible, Key(seed, step, chainStep, hidden: false));
    }

    /// <summary>The probability that each pooling unit is on, Σ exp(I) / (1 + Σ exp(I)) over its block: the sum of its units' means. A copy where there is no pooling.</summary>
    /// <param name="hidden">Means [N, M, o…].</param>
    /// <param name="codes">[N, M, ⌈o / block⌉…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Pool(ReadOnlySpan<T> hidden, Span<T> codes)
    {
        Check(hidden.Length, HiddenElements, "hidden");
        Check(codes.Length, CodeElements, "codes");
        Units.Pool(hidden, codes);
    }

    /// <summary>
    /// Hidden means that pool to given probabilities: each shared equally among its block's units, which is what is known of them (the distribution
    /// of greatest entropy). A copy where there is no pooling.
    /// </summary>
    /// <param name="codes">[N, M, ⌈o / block⌉…].</param>
    /// <param name="hidden">[N, M, o…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Spread(ReadOnlySpan<T> codes, Span<T> hidden)
    {
        Check(codes.Length, CodeElements, "codes");
        Check(hidden.Length, HiddenElements, "hidden");
        Units.Spread(codes, hidden);
    }

    /// <summary>Up and down once by means: visible means given the hidden means of v.</summary>
    /// <param name="visible">v [N, C, i…].</param>
    /// <param name="reconstruction">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Reconstruct(ReadOnlySpan<T> visible, Span<T> reconstruction)
    {
        HiddenMeans(visible, means);
        VisibleMeans(means, reconstruction);
    }

    /// <summary>
    /// E(v, h) of each example: −Σ h I − Σ c v, or ½ Σ (v − c)² − Σ h I for Gaussian visible units; rectified hidden units add ½ Σ h². Infinite
    /// where more than one unit of a pooling block is on.
    /// </summary>
    /// <param name="visible">v [N, C, i…].</param>
    /// <param name="hidden">h [N, M, o…].</param>
    /// <param name="energies">[N]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Energy(ReadOnlySpan<T> visible, ReadOnlySpan<T> hidden, Span<double> energies)
    {
        Check(visible.Length, VisibleElements, "visible");
        Check(hidden.Length, HiddenElements, "hidden");
        Check(energies.Length, Batch, "energies");
        HiddenInputs(visible, inputs);
        for (var n = 0; n < Batch; n++)
        {
            var h = hidden.Slice(n * Units.Hidden, Units.Hidden);
            var energy = VisibleEnergy(visible.Slice(n * Units.Visible, Units.Visible));
            for (var j = 0; j < h.Length; j++)
            {
                var (state, input) = (double.CreateTruncating(h[j]), double.CreateTruncating(inputs[(n * Units.Hidden) + j]));
                energy -= state * input;
                if (Description.Hidden == HiddenUnits.Rectified) energy += 0.5 * state * state;
            }

            energies[n] = Units.IsImpossible(h) ? double.PositiveInfinity : energy;
        }
    }

    /// <summary>
    /// F(v) = −log Σ_h exp(−E(v, h)) of each example: the visible units' own term, −Σ c v or ½ Σ (v − c)², less Σ log(1 + exp(I)), or with pooling
    /// less Σ over blocks of log(1 + Σ exp(I)). Rectified hidden units have no such sum in closed form: theirs is the energy at the likeliest h,
    /// the visible term less ½ Σ max(0, I)², whose derivatives are the statistics that the machine learns from.
    /// </summary>
    /// <param name="visible">v [N, C, i…].</param>
    /// <param name="energies">[N]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void FreeEnergy(ReadOnlySpan<T> visible, Span<double> energies)
    {
        Check(visible.Length, VisibleElements, "visible");
        Check(energies.Length, Batch, "energies");
        HiddenInputs(visible, inputs);
        Units.FreeTerms(inputs, 1, energies);
        for (var n = 0; n < Batch; n++) energies[n] = VisibleEnergy(visible.Slice(n * Units.Visible, Units.Visible)) - energies[n];
    }

    /// <summary>The mean over a batch of log p(v) = −F(v) − log Z; for binary visible units in nats an image, for Gaussian ones the logarithm of a density.</summary>
    /// <param name="visible">v [N, C, i…].</param>
    /// <param name="logPartition">log Z, exact or estimated.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public double LogLikelihood(ReadOnlySpan<T> visible, double logPartition)
    {
        FreeEnergy(visible, perExample);
        return -TensorPrimitives.Average<double>(perExample) - logPartition;
    }

    /// <summary>log Z, Z = Σ_v Σ_h exp(−E(v, h)) (an integral over v for Gaussian units), by going through all states of the smaller side.</summary>
    /// <exception cref="InvalidOperationException">Both sides have more states than 20 binary units, or hidden units are rectified.</exception>
    public double LogPartition() => new RbmEnumeration<T>(this).LogPartition();

    /// <summary>
    /// log Z by annealed importance sampling (Salakhutdinov and Murray 2008): runs from a machine without weights and hidden biases, whose Z is known, through machines
    /// with βI for β = 1/K … 1, one Gibbs step at each; Ẑ is the mean of the weights ∏ p*_β(v) / p*_β′(v). For binary units.
    /// </summary>
    /// <param name="temperatures">K, 1 or more; more make a better estimate.</param>
    /// <param name="runs">Independent runs, 2 or more; a call does as many at once as the batch.</param>
    /// <param name="seed">What the runs are drawn from.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 temperature or 2 runs.</exception>
    /// <exception cref="InvalidOperationException">Units are not binary.</exception>
    public PartitionEstimate EstimateLogPartition(int temperatures = 1000, int runs = 100, long seed = 1) =>
        new AnnealedImportance<T>(this).Estimate(temperatures, runs, seed);

    /// <summary>A Gibbs chain for each example: hidden states given visible ones, then visible states given those.</summary>
    /// <param name="seed">What is drawn from; the start too where none is given.</param>
    /// <param name="steps">Steps of the chain, 1 or more.</param>
    /// <param name="every">Steps from one picture to the next, 1 or more.</param>
    /// <param name="start">v [N, C, i…] where the chains start; empty to start from noise.</param>
    /// <returns>Visible means [N, C, i…] after <paramref name="every"/> steps, twice as many and so on.</returns>
    /// <exception cref="ArgumentException">The start has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 step, or pictures less than 1 step apart.</exception>
    public IReadOnlyList<T[]> Sample(long seed, int steps, int every, ReadOnlySpan<T> start = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var visible = new T[VisibleElements];
        var states = new T[HiddenElements];
        if (start.IsEmpty) Noise(visible, seed);
        else Check(start.Length, VisibleElements, "start");
        start.CopyTo(visible);
        var pictures = new List<T[]>();
        for (var step = 1; step <= steps; step++)
        {
            SampleHidden(visible, states, seed, 0, step);
            VisibleMeans(states, visible);
            if (step % every == 0) pictures.Add([.. visible]);
            Units.DrawVisible(visible, Key(seed, 0, step, hidden: false));
        }

        return pictures;
    }

    /// <summary>Visible units that know nothing: on half of the time, or normal of mean 0 and variance 1.</summary>
    internal void Noise(Span<T> visible, long seed)
    {
        visible.Fill(T.CreateTruncating(Description.Visible == VisibleUnits.Gaussian ? 0 : 0.5));
        Units.DrawVisible(visible, Key(seed, -1, 0, hidden: false));
    }

    /// <summary>The key of one side's draws at one step of a chain.</summary>
    internal static long Key(long seed, long step, int chainStep, bool hidden) =>
        unchecked((long)new RandomSource((long)new RandomSource(seed, step).NextBits(), chainStep, hidden ? 1 : 0).NextBits());

    /// <summary>I = A(K) v + b.</summary>
    internal void HiddenInputs(ReadOnlySpan<T> visible, Span<T> hidden) => Run.Forward(visible, KernelValues, HiddenBiasValues, hidden);

    /// <summary>
    /// The statistics −∂E/∂θ summed over the batch, overwritten or added to: g(h, v) for the kernel, h gathered for the hidden bias, Σ v for the
    /// visible bias (where Gaussian units have Σ (v − c), both phases lose the same). <paramref name="sign"/> is for the visible bias; h carries
    /// its own.
    /// </summary>
    internal void Statistics(ReadOnlySpan<T> visible, ReadOnlySpan<T> hidden, Span<T> kernel, Span<T> hiddenBias, Span<T> visibleBias, T sign, bool accumulate)
    {
        Run.KernelGradient(visible, hidden, kernel, hiddenBias, accumulate);
        if (!accumulate) visibleBias.Clear();
        var positions = Units.Visible / visibleBias.Length;
        for (var row = 0; row < Batch * visibleBias.Length; row++)
        {
            visibleBias[row % visibleBias.Length] += sign * TensorPrimitives.Sum(visible.Slice(row * positions, positions));
        }
    }

    /// <summary>One example's part of the energy that no hidden unit enters.</summary>
    private double VisibleEnergy(ReadOnlySpan<T> visible)
    {
        double energy = 0;
        var positions = visible.Length / VisibleBiasValues.Length;
        for (var i = 0; i < visible.Length; i++)
        {
            var (v, c) = (double.CreateTruncating(visible[i]), double.CreateTruncating(VisibleBiasValues[i / positions]));
            energy += Description.Visible == VisibleUnits.Gaussian ? 0.5 * (v - c) * (v - c) : -c * v;
        }

        return energy;
    }

    private void Check(int length, int expected, string what)
    {
        if (length == expected) return;
        throw new ArgumentException($"{Description.Label}: {what} has {length} elements but a batch of {Batch} takes {expected}; give all examples of the batch, row-major.", what);
    }
}
