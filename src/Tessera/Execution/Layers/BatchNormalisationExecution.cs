using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;
using Tessera.Kernels.Vectors;

namespace Tessera.Execution.Layers;

/// <summary>
/// Batch normalisation, a job for each channel. With x̂ = (x − mean) / √(variance + ε) over the n values of a channel, the
/// gradient is dx = scale / √(variance + ε) · (g − Σg / n − x̂ Σ(g x̂) / n) (Ioffe and Szegedy 2015). Sums over an example's
/// plane are in T, sums of those over the batch in double, always in the same order.
/// </summary>
internal sealed unsafe class BatchNormalisationExecution<T>(Sizes shape, double momentum, double epsilon, bool training) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;
    private const int Scale = 0;
    private const int Shift = 1;
    private const int Mean = 2;
    private const int Variance = 3;

    /// <summary>Elements asked for ahead; along a longer plane the processor sees what comes.</summary>
    private const int MostAsked = 2048;

    private readonly int batch = shape[0];
    private readonly int channels = shape[1];
    private readonly int plane = (int)shape.From(2).Product;
    private readonly long count = shape.Product / shape[1];

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsInputs => true;

    /// <summary>Each channel's mean and 1 / √(variance + ε), in double.</summary>
    public override long StateBytes => training ? channels * 2L * sizeof(double) : 0;

    public override void Forward() => Run(ForwardStage, channels);

    public override void Backward() => Run(BackwardStage, channels);

    protected override void Execute(int stage, int c)
    {
        if (stage == BackwardStage) BackwardChannel(c);
        else if (training) Normalise(c, Measure(c));
        else Normalise(c, (double.CreateTruncating(Memory.Parameters[Mean][c]), 1 / Math.Sqrt(double.CreateTruncating(Memory.Parameters[Variance][c]) + epsilon)));
    }

    private (double Mean, double Inverse) Measure(int c)
    {
        // In one pass, around the mean of the first plane, which is near enough to the mean of all for the squares to lose next to nothing.
        var centre = TensorPrimitives.Sum<T>(Plane(Memory.Inputs[0], 0, c)) / T.CreateTruncating(plane);
        double sum = 0, squares = 0;
        for (var n = 0; n < batch; n++)
        {
            Ask(Memory.Inputs[0], n + 1, c);
            var (ofPlane, squaresOfPlane) = NormalisationSums.Moments<T>(Plane(Memory.Inputs[0], n, c), centre);
            sum += double.CreateTruncating(ofPlane);
            squares += double.CreateTruncating(squaresOfPlane);
        }

        var offset = sum / count;
        var mean = double.CreateTruncating(centre) + offset;
        var variance = Math.Max(0, (squares / count) - (offset * offset));
        // Math.Max keeps NaN, so that values which are not finite stay visible.
        var inverse = 1 / Math.Sqrt(variance + epsilon);
        ((double*)Memory.State)[c] = mean;
        ((double*)Memory.State)[channels + c] = inverse;
        if (!Pass.IsProbe)
        {
            Move(ref Memory.Parameters[Mean][c], mean);
            Move(ref Memory.Parameters[Variance][c], variance * count / (count - 1));
        }

        return (mean, inverse);
    }

    private void Move(ref T running, double value) =>
        running = T.CreateTruncating(((1 - momentum) * double.CreateTruncating(running)) + (momentum * value));

    private void Normalise(int c, (double Mean, double Inverse) statistics)
    {
        var factor = double.CreateTruncating(Memory.Parameters[Scale][c]) * statistics.Inverse;
        var mean = T.CreateTruncating(statistics.Mean);
        var shift = double.CreateTruncating(Memory.Parameters[Shift][c]) - ((statistics.Mean - double.CreateTruncating(mean)) * factor);
        var function = new AffineFunction<T>(mean, T.CreateTruncating(factor), T.CreateTruncating(shift));
        for (var n = 0; n < batch; n++)
        {
            Ask(Memory.Inputs[0], n + 1, c);
            var x = Plane(Memory.Inputs[0], n, c);
            VectorLoops.Map<T, AffineFunction<T>>(x, x, Plane(Memory.Output, n, c), function);
        }
    }

    private void BackwardChannel(int c)
    {
        double mean = ((double*)Memory.State)[c], inverse = ((double*)Memory.State)[channels + c];
        var centre = T.CreateTruncating(mean);
        double sum = 0, product = 0;
        for (var n = 0; n < batch; n++)
        {
            Ask(Memory.OutputGradient, n + 1, c);
            Ask(Memory.Inputs[0], n + 1, c);
            var (ofPlane, productOfPlane) = NormalisationSums.Products<T>(Plane(Memory.OutputGradient, n, c), Plane(Memory.Inputs[0], n, c), centre);
            sum += double.CreateTruncating(ofPlane);
            product += double.CreateTruncating(productOfPlane);
        }

        product = (product - ((mean - double.CreateTruncating(centre)) * sum)) * inverse;
        Memory.ParameterGradients[Scale][c] = T.CreateTruncating(product);
        Memory.ParameterGradients[Shift][c] = T.CreateTruncating(sum);
        if (Memory.InputGradients[0] == null) return;
        var factor = double.CreateTruncating(Memory.Parameters[Scale][c]) * inverse;
        var function = new NormalisationGradient<T>(
            T.CreateTruncating(factor),
            T.CreateTruncating(factor * sum / count),
            T.CreateTruncating(factor * inverse * product / count),
            centre);
        for (var n = 0; n < batch; n++) Spread(function, n, c);
    }

    [SkipLocalsInit]
    private void Spread(NormalisationGradient<T> function, int n, int c)
    {
        var g = Plane(Memory.OutputGradient, n, c);
        var x = Plane(Memory.Inputs[0], n, c);
        var d = Plane(Memory.InputGradients[0], n, c);
        if (!Memory.Accumulate[0])
        {
            VectorLoops.Map<T, NormalisationGradient<T>>(g, x, d, function);
            return;
        }

        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (var p = 0; p < plane; p += Chunks.Elements)
        {
            var part = scratch[..Math.Min(Chunks.Elements, plane - p)];
            VectorLoops.Map<T, NormalisationGradient<T>>(g.Slice(p, part.Length), x.Slice(p, part.Length), part, function);
            TensorPrimitives.Add(d.Slice(p, part.Length), part, d.Slice(p, part.Length));
        }
    }

    /// <summary>
    /// Asks for a channel's plane of the next example, if there is one: planes lie far apart, so the processor does not see it coming, and often
    /// a power of two apart, so that the cache keeps few of them from one pass to the next.
    /// </summary>
    private void Ask(T* values, int n, int c)
    {
        if (n < batch) Prefetch.Elements(values + ((((long)n * channels) + c) * plane), Math.Min(plane, MostAsked));
    }

    private Span<T> Plane(T* values, int n, int c) => new(values + ((((long)n * channels) + c) * plane), plane);
}
