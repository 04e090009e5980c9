using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
            var (ofPlane, squaresOfPlane) = Moments(Plane(Memory.Inputs[0], n, c), centre);
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
        var function = new Affine(mean, T.CreateTruncating(factor), T.CreateTruncating(shift));
        for (var n = 0; n < batch; n++)
        {
            Ask(Memory.Inputs[0], n + 1, c);
            var x = Plane(Memory.Inputs[0], n, c);
            VectorLoops.Map<T, Affine>(x, x, Plane(Memory.Output, n, c), function);
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
            var (ofPlane, productOfPlane) = Sums(Plane(Memory.OutputGradient, n, c), Plane(Memory.Inputs[0], n, c), centre);
            sum += double.CreateTruncating(ofPlane);
            product += double.CreateTruncating(productOfPlane);
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

    /// <summary>
    /// Asks for a channel's plane of the next example, if there is one: planes lie far apart, so the processor does not see it coming, and often
    /// a power of two apart, so that the cache keeps few of them from one pass to the next.
    /// </summary>
    private void Ask(T* values, int n, int c)
    {
        if (n < batch) Prefetch.Elements(values + ((((long)n * channels) + c) * plane), Math.Min(plane, MostAsked));
    }

    private Span<T> Plane(T* values, int n, int c) => new(values + ((((long)n * channels) + c) * plane), plane);

    /// <summary>Σ (x − centre) and Σ (x − centre)².</summary>
    private static (T Sum, T Squares) Moments(ReadOnlySpan<T> x, T centre)
    {
        ref var values = ref MemoryMarshal.GetReference(x);
        Vector<T> evenSum = Vector<T>.Zero, oddSum = Vector<T>.Zero, evenSquares = Vector<T>.Zero, oddSquares = Vector<T>.Zero, centres = new(centre);
        var i = 0;
        for (; i <= x.Length - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            var one = Vector.LoadUnsafe(ref values, (nuint)i) - centres;
            var other = Vector.LoadUnsafe(ref values, (nuint)(i + Vector<T>.Count)) - centres;
            evenSum += one;
            oddSum += other;
            evenSquares = VectorLoops.MultiplyAdd(one, one, evenSquares);
            oddSquares = VectorLoops.MultiplyAdd(other, other, oddSquares);
        }

        var (sum, squares) = (Vector.Sum(evenSum + oddSum), Vector.Sum(evenSquares + oddSquares));
        for (; i < x.Length; i++)
        {
            sum += x[i] - centre;
            squares += (x[i] - centre) * (x[i] - centre);
        }

        return (sum, squares);
    }

    /// <summary>Σ g and Σ g (x − centre).</summary>
    private static (T Sum, T Product) Sums(ReadOnlySpan<T> g, ReadOnlySpan<T> x, T centre)
    {
        ref var gradients = ref MemoryMarshal.GetReference(g);
        ref var values = ref MemoryMarshal.GetReference(x);
        Vector<T> evenSum = Vector<T>.Zero, oddSum = Vector<T>.Zero, evenProduct = Vector<T>.Zero, oddProduct = Vector<T>.Zero, centres = new(centre);
        var i = 0;
        for (; i <= x.Length - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            var (even, odd) = ((nuint)i, (nuint)(i + Vector<T>.Count));
            var one = Vector.LoadUnsafe(ref gradients, even);
            var other = Vector.LoadUnsafe(ref gradients, odd);
            evenSum += one;
            oddSum += other;
            evenProduct = VectorLoops.MultiplyAdd(one, Vector.LoadUnsafe(ref values, even) - centres, evenProduct);
            oddProduct = VectorLoops.MultiplyAdd(other, Vector.LoadUnsafe(ref values, odd) - centres, oddProduct);
        }

        var (sum, product) = (Vector.Sum(evenSum + oddSum), Vector.Sum(evenProduct + oddProduct));
        for (; i < x.Length; i++)
        {
            sum += g[i];
            product += g[i] * (x[i] - centre);
        }

        return (sum, product);
    }

    /// <summary>(x − mean) · factor + shift.</summary>
    private readonly struct Affine(T mean, T factor, T shift) : IPairFunction<T>
    {
        private readonly Vector<T> mean = new(mean);
        private readonly Vector<T> factor = new(factor);
        private readonly Vector<T> shift = new(shift);
        private readonly Vector<T> smallest = new(Subnormals.SmallestNormal<T>());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> x, Vector<T> unused) => Subnormals.Flush(VectorLoops.MultiplyAdd(x - mean, factor, shift), smallest);
    }

    /// <summary>factor · g − constant − slope · (x − mean).</summary>
    private readonly struct Gradient(T factor, T constant, T slope, T mean) : IPairFunction<T>
    {
        private readonly Vector<T> factor = new(factor);
        private readonly Vector<T> constant = new(constant);
        private readonly Vector<T> slope = new(slope);
        private readonly Vector<T> mean = new(mean);
        private readonly Vector<T> smallest = new(Subnormals.SmallestNormal<T>());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> g, Vector<T> x) => Subnormals.Flush((factor * g) - constant - (slope * (x - mean)), smallest);
    }
}
