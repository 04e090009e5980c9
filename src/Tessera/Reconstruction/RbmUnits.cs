using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Kernels;

namespace Tessera.Reconstruction;

/// <summary>
/// What the units of a machine make of their inputs: means, draws and free energies, an example a job. What an example draws comes from a key
/// and its place in the batch alone. Letters: I input of a hidden unit, a input of a visible unit, c visible bias.
/// </summary>
internal sealed unsafe class RbmUnits<T> : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Below this many units in a batch one thread is done before others have begun.</summary>
    private const long LeastParallel = 16_384;

    private readonly RbmDescription description;
    private readonly PoolingBlocks? blocks;
    private readonly int batch;
    private readonly int threads;
    private readonly int channels;
    private readonly int positions;
    private readonly int visibleChannels;
    private readonly int visiblePositions;
    private readonly T[] blockScratch;

    private Stage stage;
    private T* first;
    private T* second;
    private T* third;
    private double* sums;
    private double scale;
    private long key;

    public RbmUnits(RbmDescription description, OperatorGeometry geometry, int batch, int threads)
    {
        this.description = description;
        this.batch = batch;
        blocks = description.BlocksOf(geometry);
        channels = geometry.OutputChannels;
        positions = (int)geometry.OutputSize.Product;
        visibleChannels = geometry.InputChannels;
        visiblePositions = (int)geometry.InputSize.Product;
        this.threads = (long)batch * Math.Max(Hidden, Visible) < LeastParallel ? 1 : threads;
        blockScratch = new T[blocks is null ? 0 : batch * Pooled];
    }

    private enum Stage
    {
        HiddenMeans,
        DrawHidden,
        VisibleMeans,
        DrawVisible,
        FreeTerms,
        Pool,
        Spread,
    }

    /// <summary>The hidden units of one example.</summary>
    public int Hidden => channels * positions;

    /// <summary>The numbers that one example gives to a machine above.</summary>
    public int Pooled => blocks is null ? Hidden : channels * blocks.Count;

    /// <summary>The visible units of one example.</summary>
    public int Visible => visibleChannels * visiblePositions;

    /// <summary>σ(I); exp(I) / (1 + Σ_block exp(I)) with pooling; max(0, I) for rectified units. The inputs may be the means' own memory.</summary>
    public void HiddenMeans(ReadOnlySpan<T> inputs, Span<T> means)
    {
        fixed (T* i = inputs, m = means) Run(Stage.HiddenMeans, i, m, null);
    }

    /// <summary>States of hidden units for their means and, for rectified units, their inputs.</summary>
    public void DrawHidden(ReadOnlySpan<T> inputs, ReadOnlySpan<T> means, Span<T> states, long key)
    {
        fixed (T* i = inputs, m = means, h = states) Run(Stage.DrawHidden, i, m, h, key);
    }

    /// <summary>σ(a + c), or a + c for Gaussian units, in the inputs' memory.</summary>
    public void VisibleMeans(Span<T> inputs, ReadOnlySpan<T> bias)
    {
        fixed (T* a = inputs, c = bias) Run(Stage.VisibleMeans, a, c, null);
    }

    /// <summary>States of visible units for their means, in the means' memory.</summary>
    public void DrawVisible(Span<T> means, long key)
    {
        fixed (T* v = means) Run(Stage.DrawVisible, v, null, null, key);
    }

    /// <summary>For each example Σ_blocks log(1 + Σ_block exp(βI)), where a unit without pooling is a block of its own; ½ Σ max(0, βI)² for rectified units.</summary>
    public void FreeTerms(ReadOnlySpan<T> inputs, double beta, Span<double> perExample)
    {
        scale = beta;
        fixed (T* i = inputs)
        fixed (double* s = perExample)
        {
            sums = s;
            Run(Stage.FreeTerms, i, null, null);
        }
    }

    /// <summary>The sum of each block's means: the probability that its pooling unit is on.</summary>
    public void Pool(ReadOnlySpan<T> means, Span<T> pooled)
    {
        fixed (T* m = means, p = pooled) Run(Stage.Pool, m, p, null);
    }

    /// <summary>A block's number shared equally among its units.</summary>
    public void Spread(ReadOnlySpan<T> pooled, Span<T> means)
    {
        fixed (T* p = pooled, m = means) Run(Stage.Spread, p, m, null);
    }

    /// <summary>Whether some block has more than one unit on, which the machine gives no probability.</summary>
    public bool IsImpossible(ReadOnlySpan<T> states)
    {
        if (blocks is null) return false;
        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < blocks.Count; j++)
            {
                var on = 0;
                foreach (var p in blocks[j]) on += states[(m * positions) + p] == T.Zero ? 0 : 1;
                if (on > 1) return true;
            }
        }

        return false;
    }

    /// <summary>The state of one example's hidden units with a running number: binary digits, or one digit for each block that names the unit that is on.</summary>
    public void NumberedState(long number, Span<T> states)
    {
        states.Clear();
        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < (blocks?.Count ?? positions); j++)
            {
                var length = blocks is null ? 1 : blocks[j].Length;
                var digit = (int)(number % (length + 1));
                number /= length + 1;
                if (digit > 0) states[(m * positions) + (blocks is null ? j : blocks[j][digit - 1])] = T.One;
            }
        }
    }

    void IParallelWork.Execute(int job, int worker)
    {
        switch (stage)
        {
            case Stage.HiddenMeans:
                Means(Row(first, Hidden, job), Row(second, Hidden, job), job);
                break;
            case Stage.DrawHidden:
                DrawHidden(Row(first, Hidden, job), Row(second, Hidden, job), Row(third, Hidden, job), new RandomSource(key, job));
                break;
            case Stage.VisibleMeans:
                Means(Row(first, Visible, job), new ReadOnlySpan<T>(second, visibleChannels));
                break;
            case Stage.DrawVisible:
                DrawVisible(Row(first, Visible, job), new RandomSource(key, job));
                break;
            case Stage.FreeTerms:
                sums[job] = FreeTerm(Row(first, Hidden, job));
                break;
            case Stage.Pool:
                Pool(Row(first, Hidden, job), Row(second, Pooled, job), spread: false);
                break;
            default:
                Pool(Row(second, Hidden, job), Row(first, Pooled, job), spread: true);
                break;
        }
    }

    private static Span<T> Row(T* start, int length, int job) => new(start + ((long)length * job), length);

    private void Run(Stage stage, T* first, T* second, T* third, long key = 0)
    {
        this.stage = stage;
        this.first = first;
        this.second = second;
        this.third = third;
        this.key = key;
        ThreadTeam.Run(this, batch, threads);
    }

    private void Means(ReadOnlySpan<T> inputs, Span<T> means, int example)
    {
        if (description.Hidden == HiddenUnits.Rectified) TensorPrimitives.Max(inputs, T.Zero, means);
        else if (blocks is null) TensorPrimitives.Sigmoid(inputs, means);
        else BlockMeans(inputs, means, blockScratch.AsSpan(example * Pooled, Pooled), blocks);
    }

    /// <summary>Every exponent is taken less the largest of its block and 0, so that none overflows and their sum is 1 or more.</summary>
    private void BlockMeans(ReadOnlySpan<T> inputs, Span<T> means, Span<T> off, PoolingBlocks blocks)
    {
        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < blocks.Count; j++)
            {
                var largest = T.Zero;
                foreach (var p in blocks[j]) largest = T.Max(largest, inputs[(m * positions) + p]);
                foreach (var p in blocks[j]) means[(m * positions) + p] = inputs[(m * positions) + p] - largest;
                off[(m * blocks.Count) + j] = -largest;
            }
        }

        TensorPrimitives.Exp(means, means);
        TensorPrimitives.Exp(off, off);
        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < blocks.Count; j++)
            {
                var sum = off[(m * blocks.Count) + j];
                foreach (var p in blocks[j]) sum += means[(m * positions) + p];
                foreach (var p in blocks[j]) means[(m * positions) + p] /= sum;
            }
        }
    }

    private void DrawHidden(ReadOnlySpan<T> inputs, ReadOnlySpan<T> means, Span<T> states, RandomSource random)
    {
        if (blocks is null)
        {
            for (var at = 0; at < states.Length; at += RandomDraws.Row)
            {
                var length = Math.Min(RandomDraws.Row, states.Length - at);
                var row = states.Slice(at, length);
                if (description.Hidden == HiddenUnits.Rectified) DrawRectified(inputs.Slice(at, length), row, ref random);
                else RandomDraws.Binary(means.Slice(at, length), row, ref random);
            }

            return;
        }

        states.Clear();
        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < blocks.Count; j++)
            {
                var rest = random.NextDouble();
                foreach (var p in blocks[j])
                {
                    rest -= double.CreateTruncating(means[(m * positions) + p]);
                    if (rest >= 0) continue;
                    states[(m * positions) + p] = T.One;
                    break;
                }
            }
        }
    }

    private void Means(Span<T> inputs, ReadOnlySpan<T> bias)
    {
        for (var c = 0; c < bias.Length; c++)
        {
            var row = inputs.Slice(c * visiblePositions, visiblePositions);
            TensorPrimitives.Add(row, bias[c], row);
        }

        if (description.Visible == VisibleUnits.Binary) TensorPrimitives.Sigmoid(inputs, inputs);
    }

    private void DrawVisible(Span<T> means, RandomSource random)
    {
        Span<T> noise = stackalloc T[RandomDraws.Row];
        for (var at = 0; at < means.Length; at += RandomDraws.Row)
        {
            var row = means.Slice(at, Math.Min(RandomDraws.Row, means.Length - at));
            if (description.Visible == VisibleUnits.Binary)
            {
                RandomDraws.Binary(row, row, ref random);
                continue;
            }

            RandomDraws.Normal(noise[..row.Length], ref random);
            TensorPrimitives.Add(row, noise[..row.Length], row);
        }
    }

    /// <summary>max(0, I + √σ(I) · N(0, 1)).</summary>
    private static void DrawRectified(ReadOnlySpan<T> inputs, Span<T> states, ref RandomSource random)
    {
        Span<T> noise = stackalloc T[inputs.Length];
        RandomDraws.Normal(noise, ref random);
        TensorPrimitives.Sigmoid(inputs, states);
        TensorPrimitives.Sqrt(states, states);
        TensorPrimitives.MultiplyAdd(noise, states, inputs, states);
        TensorPrimitives.Max(states, T.Zero, states);
    }

    private double FreeTerm(ReadOnlySpan<T> inputs)
    {
        double sum = 0;
        if (description.Hidden == HiddenUnits.Rectified)
        {
            foreach (var input in inputs)
            {
                var x = Math.Max(0, scale * double.CreateTruncating(input));
                sum += 0.5 * x * x;
            }

            return sum;
        }

        if (blocks is null)
        {
            foreach (var input in inputs) sum += Softplus(scale * double.CreateTruncating(input));
            return sum;
        }

        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < blocks.Count; j++)
            {
                double largest = 0;
                foreach (var p in blocks[j]) largest = Math.Max(largest, scale * double.CreateTruncating(inputs[(m * positions) + p]));
                var rest = Math.Exp(-largest);
                foreach (var p in blocks[j]) rest += Math.Exp((scale * double.CreateTruncating(inputs[(m * positions) + p])) - largest);
                sum += largest + Math.Log(rest);
            }
        }

        return sum;
    }

    /// <summary>log(1 + exp(x)) without overflow.</summary>
    internal static double Softplus(double x) => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));

    private void Pool(Span<T> means, Span<T> pooled, bool spread)
    {
        if (blocks is null)
        {
            if (spread) pooled.CopyTo(means);
            else means.CopyTo(pooled);
            return;
        }

        for (var m = 0; m < channels; m++)
        {
            for (var j = 0; j < blocks.Count; j++)
            {
                ref var number = ref pooled[(m * blocks.Count) + j];
                if (!spread)
                {
                    number = T.Zero;
                    foreach (var p in blocks[j]) number += means[(m * positions) + p];
                    continue;
                }

                var share = number / T.CreateTruncating(blocks[j].Length);
                foreach (var p in blocks[j]) means[(m * positions) + p] = share;
            }
        }
    }
}
