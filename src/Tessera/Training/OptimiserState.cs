using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Execution;
using Tessera.Kernels;
using Tessera.Networks;

namespace Tessera.Training;

/// <summary>
/// An optimiser at work on the trained parameters of one network: what it remembers, and the step itself. All parameters are cut into
/// chunks of fixed length, one job each, so that no result depends on the number of threads. A step allocates nothing.
/// </summary>
internal sealed class OptimiserState<T> : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ChunkLength = 1 << 14;

    private readonly Optimiser optimiser;
    private readonly Parameter<T>[] parameters;
    private readonly T[][][] states;
    private readonly long[] stepsBefore;
    private readonly Chunk[] chunks;
    private readonly double[] partialSums;
    private readonly int threads;
    private IReadOnlyList<Parameter<T>> gradients = [];
    private double rate;
    private T scale;
    private bool summing;

    /// <summary>The beginning: no steps, states of zeros.</summary>
    /// <param name="optimiser">The optimiser.</param>
    /// <param name="parameters">The network's parameters; those that are not trained are passed over.</param>
    /// <param name="threads">The most threads.</param>
    public OptimiserState(Optimiser optimiser, IEnumerable<Parameter<T>> parameters, int threads)
    {
        optimiser.Check();
        this.optimiser = optimiser;
        this.threads = threads;
        this.parameters = [.. parameters.Where(parameter => parameter.IsTrained)];
        states = [.. this.parameters.Select(p => optimiser.StateNames.Select(_ => new T[p.Span.Length]).ToArray())];
        stepsBefore = new long[this.parameters.Length];
        var cut = new List<Chunk>();
        for (var p = 0; p < this.parameters.Length; p++)
        {
            for (var start = 0; start < this.parameters[p].Span.Length; start += ChunkLength)
                cut.Add(new Chunk(p, start, Math.Min(ChunkLength, this.parameters[p].Span.Length - start)));
        }

        chunks = [.. cut];
        partialSums = new double[chunks.Length];
    }

    /// <summary>Steps made so far.</summary>
    public long Steps { get; set; }

    /// <summary>What is remembered, by name (<c>momentum.conv1.kernel</c>), with its shape.</summary>
    public IEnumerable<(string Name, Sizes Shape, T[] Values)> States
    {
        get
        {
            for (var s = 0; s < optimiser.StateNames.Count; s++)
            {
                for (var p = 0; p < parameters.Length; p++)
                    yield return ($"{optimiser.StateNames[s]}.{parameters[p].Name}", parameters[p].Description.Shape, states[p][s]);
            }
        }
    }

    /// <summary>
    /// Goes on from the state of another sharing. What is remembered of a parameter of the same shape is taken over. That of an untied one
    /// starts anew, as after no steps: the gradient of a shared kernel is the sum over its tiles, so that its moments are too large for one
    /// tile's gradient, the second by up to the square of their number, and would hold a tile still for thousands of steps.
    /// </summary>
    public void UntieFrom(OptimiserState<T> other)
    {
        Steps = other.Steps;
        for (var p = 0; p < parameters.Length; p++)
        {
            var isSame = parameters[p].Description.Shape == other.parameters[p].Description.Shape;
            stepsBefore[p] = isSame ? other.stepsBefore[p] : Steps;
            for (var s = 0; s < states[p].Length; s++)
            {
                if (isSame) other.states[p][s].CopyTo(states[p][s], 0);
                else Array.Clear(states[p][s]);
            }
        }
    }

    /// <summary>The Euclidean norm of all gradients together, summed in double.</summary>
    /// <param name="gradients">The gradient of each trained parameter, in the order of the parameters.</param>
    public double GradientNorm(IReadOnlyList<Parameter<T>> gradients)
    {
        this.gradients = gradients;
        summing = true;
        ThreadTeam.Run(this, chunks.Length, threads);
        double sum = 0;
        foreach (var part in partialSums) sum += part;
        return Math.Sqrt(sum);
    }

    /// <summary>One step along the gradients.</summary>
    /// <param name="gradients">The gradient of each trained parameter, in the order of the parameters.</param>
    /// <param name="rate">η.</param>
    /// <param name="gradientScale">What gradients are multiplied by first.</param>
    public void Step(IReadOnlyList<Parameter<T>> gradients, double rate, double gradientScale = 1)
    {
        this.gradients = gradients;
        Steps++;
        this.rate = rate;
        scale = T.CreateTruncating(gradientScale);
        summing = false;
        ThreadTeam.Run(this, chunks.Length, threads);
    }

    void IParallelWork.Execute(int job, int worker)
    {
        var chunk = chunks[job];
        if (summing)
        {
            partialSums[job] = SumOfSquares(gradients[chunk.Parameter].Span.Slice(chunk.Start, chunk.Length));
            return;
        }

        var decay = optimiser.DecayEverything || parameters[chunk.Parameter].Role == ParameterRole.Weight ? optimiser.WeightDecay : 0;
        var steps = Steps - stepsBefore[chunk.Parameter];
        switch (optimiser)
        {
            case Sgd { Momentum: 0 }:
                Update(chunk, new PlainRule<T>(rate, decay));
                break;
            case Sgd o:
                Update(chunk, new MomentumRule<T>(rate, decay, o.Momentum, o.Nesterov));
                break;
            case Adam o:
                Update(chunk, new AdamRule<T>(rate, decay, 0, o.Beta1, o.Beta2, o.Epsilon, steps));
                break;
            case AdamW o:
                Update(chunk, new AdamRule<T>(rate, 0, rate * decay, o.Beta1, o.Beta2, o.Epsilon, steps));
                break;
            case RmsProp { Momentum: 0 } o:
                Update(chunk, new RmsPropRule<T>(rate, decay, o.Smoothing, o.Epsilon));
                break;
            case RmsProp o:
                Update(chunk, new RmsPropMomentumRule<T>(rate, decay, o.Smoothing, o.Epsilon, o.Momentum));
                break;
        }
    }

    private void Update<TRule>(Chunk chunk, TRule rule)
        where TRule : struct, IUpdateRule<T>
    {
        var weights = parameters[chunk.Parameter].Span.Slice(chunk.Start, chunk.Length);
        var gradient = gradients[chunk.Parameter].Span.Slice(chunk.Start, chunk.Length);
        var first = TRule.States > 0 ? states[chunk.Parameter][0].AsSpan(chunk.Start, chunk.Length) : default;
        var second = TRule.States > 1 ? states[chunk.Parameter][1].AsSpan(chunk.Start, chunk.Length) : default;
        var whole = chunk.Length / Vector<T>.Count * Vector<T>.Count;
        UpdateVectors(rule, weights, gradient, first, second, whole);
        if (whole == chunk.Length) return;

        // The rest goes through the same instructions in a vector padded with zeros, so that there is one equation and one rounding.
        Span<T> padded = stackalloc T[4 * Vector<T>.Count];
        padded.Clear();
        Span<T> w = padded[..Vector<T>.Count], g = padded[w.Length..], a = padded[(2 * w.Length)..], b = padded[(3 * w.Length)..];
        weights[whole..].CopyTo(w);
        gradient[whole..].CopyTo(g);
        if (TRule.States > 0) first[whole..].CopyTo(a);
        if (TRule.States > 1) second[whole..].CopyTo(b);
        UpdateVectors(rule, w, g, a, b, w.Length);
        w[..(chunk.Length - whole)].CopyTo(weights[whole..]);
        if (TRule.States > 0) a[..(chunk.Length - whole)].CopyTo(first[whole..]);
        if (TRule.States > 1) b[..(chunk.Length - whole)].CopyTo(second[whole..]);
    }

    /// <summary>The step on whole vectors; all spans there are have at least <paramref name="count"/> elements.</summary>
    private void UpdateVectors<TRule>(TRule rule, Span<T> weights, ReadOnlySpan<T> gradient, Span<T> first, Span<T> second, int count)
        where TRule : struct, IUpdateRule<T>
    {
        ref var w = ref MemoryMarshal.GetReference(weights);
        ref var g = ref MemoryMarshal.GetReference(gradient);
        ref var a = ref MemoryMarshal.GetReference(first);
        ref var b = ref MemoryMarshal.GetReference(second);
        var factor = new Vector<T>(scale);
        // A local: as a static it would be asked in every turn whether it has been made yet.
        var smallest = new Vector<T>(Subnormals.SmallestNormal<T>());
        for (nuint i = 0; i < (nuint)count; i += (nuint)Vector<T>.Count)
        {
            var ofFirst = TRule.States > 0 ? Vector.LoadUnsafe(ref a, i) : default;
            var ofSecond = TRule.States > 1 ? Vector.LoadUnsafe(ref b, i) : default;
            var updated = rule.Apply(Vector.LoadUnsafe(ref w, i), Vector.LoadUnsafe(ref g, i) * factor, ref ofFirst, ref ofSecond);
            Subnormals.Flush(updated, smallest).StoreUnsafe(ref w, i);
            if (TRule.States > 0) Subnormals.Flush(ofFirst, smallest).StoreUnsafe(ref a, i);
            if (TRule.States > 1) Subnormals.Flush(ofSecond, smallest).StoreUnsafe(ref b, i);
        }
    }

    private static double SumOfSquares(ReadOnlySpan<T> values)
    {
        const int piece = 256;
        Span<double> wide = stackalloc double[piece];
        double sum = 0;
        for (; values.Length > 0; values = values[Math.Min(piece, values.Length)..])
        {
            var part = wide[..Math.Min(piece, values.Length)];
            TensorPrimitives.ConvertTruncating(values[..part.Length], part);
            sum += TensorPrimitives.SumOfSquares<double>(part);
        }

        return sum;
    }

    private readonly record struct Chunk(int Parameter, int Start, int Length);
}
