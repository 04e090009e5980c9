using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Layers;

/// <summary>
/// Folds axes away: the input is gone through in order, row by row, into the outputs that its elements belong to. A job takes whole
/// stretches of the axes before the first that goes, the batch among them, so that no output is two jobs' work.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class ReduceExecution<T> : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;
    private const long JobElements = 32 * Chunks.Elements;

    private readonly ReduceFunction function;
    private readonly BroadcastAxes axes;
    private readonly bool marksWinners;
    private readonly bool countsZeros;
    private readonly int outer;
    private readonly long inputElements;
    private readonly long outputElements;
    private readonly T count;
    private readonly int jobs;

    /// <param name="input">The input's shape.</param>
    /// <param name="kept">The same with 1 on the axes that go.</param>
    /// <param name="function">What is made of the elements.</param>
    /// <param name="training">Whether a backward pass may follow.</param>
    public ReduceExecution(Sizes input, Sizes kept, ReduceFunction function, bool training)
    {
        this.function = function;
        axes = new BroadcastAxes(input, kept);
        marksWinners = training && function is (ReduceFunction.Maximum or ReduceFunction.Minimum);
        countsZeros = training && function == ReduceFunction.Product;
        var first = 0;
        while (first < input.Count && input[first] == kept[first]) first++;
        outer = (int)Sizes.Create(input.AsSpan()[..first]).Product;
        (inputElements, outputElements) = (axes.Count / outer, kept.Product / outer);
        count = T.CreateTruncating(axes.Count / kept.Product);
        jobs = (int)Math.Clamp(axes.Count / JobElements, 1, outer);
    }

    public override bool BackwardReadsInputs => function is not (ReduceFunction.Sum or ReduceFunction.Mean);

    public override bool BackwardReadsOutput => BackwardReadsInputs;

    /// <summary>A byte for each output, whether its winner has been found; of products, the product of its inputs that are not 0 and the number of those that are.</summary>
    public override long StateBytes => marksWinners ? outer * outputElements : countsZeros ? 2 * sizeof(T) * outer * outputElements : 0;

    public override void Forward() => Run(ForwardStage, jobs);

    public override void Backward() => Run(BackwardStage, jobs);

    protected override void Execute(int stage, int job)
    {
        int from = (int)((long)outer * job / jobs), end = (int)((long)outer * (job + 1) / jobs);
        var outputs = new Span<T>(Memory.Output + (from * outputElements), (int)((end - from) * outputElements));
        var (start, stop) = (from * inputElements, end * inputElements);
        if (stage == BackwardStage)
        {
            if (marksWinners) new Span<byte>(Memory.State + (from * outputElements), outputs.Length).Clear();
            if (countsZeros) CountZeros(start, stop, from * outputElements, outputs.Length);
            Backward(start, stop);
            return;
        }

        if (function == ReduceFunction.Maximum) Fold<MaximumFold<T>>(start, stop, outputs);
        else if (function == ReduceFunction.Minimum) Fold<MinimumFold<T>>(start, stop, outputs);
        else if (function == ReduceFunction.Product) Fold<ProductFold<T>>(start, stop, outputs);
        else Fold<SumFold<T>>(start, stop, outputs);
        if (function == ReduceFunction.Mean) TensorPrimitives.Divide(outputs, count, outputs);
        if (function == ReduceFunction.L2) TensorPrimitives.Sqrt(outputs, outputs);
    }

    private void Fold<TFold>(long start, long end, Span<T> outputs)
        where TFold : struct, IFold<T>
    {
        T* squares = stackalloc T[Chunks.Elements];
        outputs.Fill(TFold.Start);
        for (int length; start < end; start += length)
        {
            length = (int)Math.Min(Chunks.Elements, end - start);
            var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start, length);
            if (function == ReduceFunction.L2)
            {
                TensorPrimitives.Multiply(x, x, new Span<T>(squares, length));
                x = new ReadOnlySpan<T>(squares, length);
            }

            axes.Scatter<T, TFold>(0, x, start, Memory.Output);
        }
    }

    private void Backward(long start, long end)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements], roots = stackalloc T[Chunks.Elements];
        for (int length; start < end; start += length)
        {
            length = (int)Math.Min(Chunks.Elements, end - start);
            var d = new Span<T>(Memory.InputGradients[0] + start, length);
            var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start, length);
            var g = Memory.Accumulate[0] ? scratch[..length] : d;
            if (marksWinners)
            {
                if (!Memory.Accumulate[0]) d.Clear();
                ToWinners(x, start, d);
                continue;
            }

            axes.Gather(0, Memory.OutputGradient, start, g);
            if (function == ReduceFunction.Mean) TensorPrimitives.Divide(g, count, g);
            if (function == ReduceFunction.L2)
            {
                axes.Gather(0, Memory.Output, start, roots[..length]);
                for (var i = 0; i < length; i++) g[i] = roots[i] == T.Zero ? T.Zero : g[i] * (x[i] / roots[i]);
            }

            if (countsZeros) TimesOthers(x, start, g, roots[..length]);
            if (Memory.Accumulate[0]) TensorPrimitives.Add(d, g, d);
        }
    }

    /// <summary>Where the products of what is not 0 lie; the numbers of zeros lie behind them.</summary>
    private T* Products => (T*)Memory.State;

    private T* Zeros => Products + (outer * outputElements);

    private void CountZeros(long start, long end, long firstOutput, int outputs)
    {
        Span<T> factors = stackalloc T[Chunks.Elements], zeros = stackalloc T[Chunks.Elements];
        new Span<T>(Products + firstOutput, outputs).Fill(T.One);
        new Span<T>(Zeros + firstOutput, outputs).Clear();
        for (int length; start < end; start += length)
        {
            length = (int)Math.Min(Chunks.Elements, end - start);
            var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start, length);
            for (var i = 0; i < length; i++) (factors[i], zeros[i]) = x[i] == T.Zero ? (T.One, T.One) : (x[i], T.Zero);
            axes.Scatter<T, ProductFold<T>>(0, factors[..length], start, Products);
            axes.Scatter<T, SumFold<T>>(0, zeros[..length], start, Zeros);
        }
    }

    /// <summary>Multiplies each output's gradient by the product of the other inputs: with one input of 0 it is that one's alone, with more it is 0.</summary>
    private void TimesOthers(ReadOnlySpan<T> x, long start, Span<T> g, Span<T> scratch)
    {
        axes.Gather(0, Zeros, start, scratch);
        for (var i = 0; i < g.Length; i++)
        {
            if (scratch[i] > (x[i] == T.Zero ? T.One : T.Zero)) g[i] = T.Zero;
        }

        axes.Gather(0, Products, start, scratch);
        for (var i = 0; i < g.Length; i++) g[i] *= x[i] == T.Zero ? scratch[i] : scratch[i] / x[i];
    }

    /// <summary>Adds each output's gradient to the first input that is the output.</summary>
    private void ToWinners(ReadOnlySpan<T> x, long start, Span<T> d)
    {
        var walk = new BroadcastAxes.Walk(axes, 0, start, stackalloc int[axes.Rank]);
        var step = axes.StandsStill(0) ? 0 : 1;
        for (var done = 0; done < x.Length;)
        {
            var end = done + walk.Take(x.Length - done, out var place);
            for (; done < end; done++, place += step)
            {
                if (Memory.State[place] != 0 || x[done] != Memory.Output[place]) continue;
                Memory.State[place] = 1;
                d[done] += Memory.OutputGradient[place];
            }
        }
    }
}
