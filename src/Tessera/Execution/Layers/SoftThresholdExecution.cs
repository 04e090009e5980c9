using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Soft thresholds, a job for each channel. Where the output is not 0 the gradient goes through to the input, and −g · sign(y) is the threshold's share;
/// so the backward pass needs the output alone. Sums over an example's plane are in double, and so are sums of those over the batch, in order.
/// </summary>
internal sealed unsafe class SoftThresholdExecution<T>(Sizes shape, bool nonNegative) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly int batch = shape[0];
    private readonly int channels = shape[1];
    private readonly int plane = (int)shape.From(2).Product;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsOutput => true;

    public override void Forward() => Run(ForwardStage, channels);

    public override void Backward() => Run(BackwardStage, channels);

    protected override void Execute(int stage, int c)
    {
        if (stage == ForwardStage)
        {
            var shrink = new Shrink(Memory.Parameters[0][c], nonNegative);
            for (var n = 0; n < batch; n++) VectorLoops.Map<T, Shrink>(Plane(Memory.Inputs[0], n, c), Plane(Memory.Inputs[0], n, c), Plane(Memory.Output, n, c), shrink);
            return;
        }

        double sum = 0;
        for (var n = 0; n < batch; n++) sum += Backward(n, c);
        Memory.ParameterGradients[0][c] = T.CreateTruncating(-sum);
    }

    /// <summary>Gives one plane's gradient to the input, and tells Σ g · sign(y).</summary>
    [SkipLocalsInit]
    private double Backward(int n, int c)
    {
        ReadOnlySpan<T> y = Plane(Memory.Output, n, c), g = Plane(Memory.OutputGradient, n, c);
        Span<T> scratch = stackalloc T[Chunks.Elements];
        double sum = 0;
        for (var start = 0; start < plane; start += Chunks.Elements)
        {
            var length = Math.Min(Chunks.Elements, plane - start);
            ReadOnlySpan<T> output = y.Slice(start, length), gradient = g.Slice(start, length);
            // Before the input's gradient, which may stand where the output's stands.
            VectorLoops.Map<T, Signed>(gradient, output, scratch[..length], default);
            foreach (var value in scratch[..length]) sum += double.CreateTruncating(value);
            if (Memory.InputGradients[0] == null) continue;
            var input = Plane(Memory.InputGradients[0], n, c).Slice(start, length);
            VectorLoops.Map<T, Passed>(gradient, output, Memory.Accumulate[0] ? scratch[..length] : input, default);
            if (Memory.Accumulate[0]) TensorPrimitives.Add(input, scratch[..length], input);
        }

        return sum;
    }

    private Span<T> Plane(T* values, int n, int c) => new(values + ((((long)n * channels) + c) * plane), plane);

    private readonly struct Shrink(T threshold, bool nonNegative) : IPairFunction<T>
    {
        private readonly Vector<T> threshold = new(threshold);
        private readonly Vector<T> smallest = new(Subnormals.SmallestNormal<T>());
        private readonly bool nonNegative = nonNegative;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> v, Vector<T> unused)
        {
            var magnitude = Vector.Max((nonNegative ? v : Vector.Abs(v)) - threshold, Vector<T>.Zero);
            return Subnormals.Flush(nonNegative ? magnitude : Vector.ConditionalSelect(Vector.LessThan(v, Vector<T>.Zero), -magnitude, magnitude), smallest);
        }
    }

    /// <summary>g where the output is not 0.</summary>
    private readonly struct Passed : IPairFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> g, Vector<T> y) => Vector.ConditionalSelect(Vector.Equals(y, Vector<T>.Zero), Vector<T>.Zero, g);
    }

    /// <summary>g · sign(y).</summary>
    private readonly struct Signed : IPairFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> g, Vector<T> y) =>
            Vector.ConditionalSelect(Vector.Equals(y, Vector<T>.Zero), Vector<T>.Zero, Vector.ConditionalSelect(Vector.LessThan(y, Vector<T>.Zero), -g, g));
    }
}
