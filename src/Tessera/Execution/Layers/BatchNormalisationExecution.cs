using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

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
        double sum = 0, squares = 0;
        for (var n = 0; n < batch; n++) sum += double.CreateTruncating(TensorPrimitives.Sum<T>(Plane(Memory.Inputs[0], n, c)));
        var mean = sum / count;
        var centre = T.CreateTruncating(mean);
        for (var n = 0; n < batch; n++) squares += double.CreateTruncating(Squares(Plane(Memory.Inputs[0], n, c), centre));
        // The centre was rounded to T; what that adds to the squares is taken off again.
        var rounding = mean - double.CreateTruncating(centre);
        var variance = Math.Max(0, (squares / count) - (rounding * rounding));
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
        var function = new Affine(mean, T.CreateTruncating(factor), T.CreateTruncating(shift));
        for (var n = 0; n < batch; n++)
        {
            var y = Plane(Memory.Output, n, c);
            var x = Plane(Memory.Inputs[0], n, c);
            VectorLoops.Map<T, Affine>(x, x, y, function);
            Subnormals.Flush(y);
        }
    }

    private void BackwardChannel(int c)
    {
        double mean = ((double*)Memory.State)[c], inverse = ((double*)Memory.State)[channels + c];
        var centre = T.CreateTruncating(mean);
        double sum = 0, product = 0;
        for (var n = 0; n < batch; n++)
        {
            var g = Plane(Memory.OutputGradient, n, c);
            sum += double.CreateTruncating(TensorPrimitives.Sum<T>(g));
            product += double.CreateTruncating(Products(g, Plane(Memory.Inputs[0], n, c), centre));
        }

        product = (product - ((mean - double.CreateTruncating(centre)) * sum)) * inverse;
        Memory.ParameterGradients[Scale][c] = T.CreateTruncating(product);
        Memory.ParameterGradients[Shift][c] = T.CreateTruncating(sum);
        if (Memory.InputGradients[0] == null) return;
        var factor = double.CreateTruncating(Memory.Parameters[Scale][c]) * inverse;
        var function = new Gradient(
            T.CreateTruncating(factor),
            T.CreateTruncating(factor * sum / count),
            T.CreateTruncating(factor * inverse * product / count),
            centre);
        for (var n = 0; n < batch; n++) Spread(function, n, c);
    }

    [SkipLocalsInit]
    private void Spread(Gradient function, int n, int c)
    {
        var g = Plane(Memory.OutputGradient, n, c);
        var x = Plane(Memory.Inputs[0], n, c);
        var d = Plane(Memory.InputGradients[0], n, c);
        if (!Memory.Accumulate[0])
        {
            VectorLoops.Map<T, Gradient>(g, x, d, function);
            Subnormals.Flush(d);
            return;
        }

        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (var p = 0; p < plane; p += Chunks.Elements)
        {
            var part = scratch[..Math.Min(Chunks.Elements, plane - p)];
            VectorLoops.Map<T, Gradient>(g.Slice(p, part.Length), x.Slice(p, part.Length), part, function);
            TensorPrimitives.Add(d.Slice(p, part.Length), part, d.Slice(p, part.Length));
        }
    }

    private Span<T> Plane(T* values, int n, int c) => new(values + ((((long)n * channels) + c) * plane), plane);

    private static T Squares(ReadOnlySpan<T> x, T centre) => Products(x, x, centre, bothCentred: true);

    /// <summary>Σ g (x − centre), or Σ (g − centre) (x − centre).</summary>
    private static T Products(ReadOnlySpan<T> g, ReadOnlySpan<T> x, T centre, bool bothCentred = false)
    {
        Vector<T> sum = Vector<T>.Zero, other = Vector<T>.Zero, centres = new(centre), first = bothCentred ? centres : Vector<T>.Zero;
        var i = 0;
        for (; i <= x.Length - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            int j = i + Vector<T>.Count;
            sum = VectorLoops.MultiplyAdd(new Vector<T>(g[i..]) - first, new Vector<T>(x[i..]) - centres, sum);
            other = VectorLoops.MultiplyAdd(new Vector<T>(g[j..]) - first, new Vector<T>(x[j..]) - centres, other);
        }

        var result = Vector.Sum(sum + other);
        for (; i < x.Length; i++) result += (g[i] - first[0]) * (x[i] - centre);
        return result;
    }

    /// <summary>(x − mean) · factor + shift.</summary>
    private readonly struct Affine(T mean, T factor, T shift) : IPairFunction<T>
    {
        private readonly Vector<T> mean = new(mean);
        private readonly Vector<T> factor = new(factor);
        private readonly Vector<T> shift = new(shift);

        public Vector<T> Invoke(Vector<T> x, Vector<T> unused) => VectorLoops.MultiplyAdd(x - mean, factor, shift);
    }

    /// <summary>factor · g − constant − slope · (x − mean).</summary>
    private readonly struct Gradient(T factor, T constant, T slope, T mean) : IPairFunction<T>
    {
        private readonly Vector<T> factor = new(factor);
        private readonly Vector<T> constant = new(constant);
        private readonly Vector<T> slope = new(slope);
        private readonly Vector<T> mean = new(mean);

        public Vector<T> Invoke(Vector<T> g, Vector<T> x) => (factor * g) - constant - (slope * (x - mean));
    }
}
