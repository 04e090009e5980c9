using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Rectifiers with trained slopes. Forward and input gradient are cut into rows: a channel's plane, or an example where there are no positions and
/// slopes lie beside the elements. The slopes' gradient Σ g · min(x, 0) is a job for each channel, its sums over pieces of a plane in T and those
/// of pieces in double, in order; a slope for all channels then adds theirs, in order.
/// </summary>
internal sealed unsafe class PReluExecution<T>(Sizes shape, bool shared, bool training) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int SlopeStage = 1;
    private const int InputStage = 2;

    private readonly int batch = shape[0];
    private readonly int channels = shape[1];
    private readonly int plane = (int)shape.From(2).Product;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsInputs => true;

    /// <summary>Each channel's share of the gradient of a slope for all, in double.</summary>
    public override long StateBytes => training && shared ? (long)channels * sizeof(double) : 0;

    private int RowLength => plane == 1 ? channels : plane;

    private long Rows => plane == 1 ? batch : (long)batch * channels;

    private int RowsPerJob => Math.Max(1, 8 * Chunks.Elements / RowLength);

    private int RowJobs => (int)((Rows + RowsPerJob - 1) / RowsPerJob);

    public override void Forward() => Run(ForwardStage, RowJobs);

    public override void Backward()
    {
        // First, for the input's gradient may stand where the output's stands.
        Run(SlopeStage, channels);
        if (shared)
        {
            double sum = 0;
            for (var c = 0; c < channels; c++) sum += ((double*)Memory.State)[c];
            Memory.ParameterGradients[0][0] = T.CreateTruncating(sum);
        }

        if (Memory.InputGradients[0] != null) Run(InputStage, RowJobs);
    }

    protected override void Execute(int stage, int job)
    {
        if (stage == SlopeStage)
        {
            SumOfChannel(job);
            return;
        }

        var end = Math.Min(Rows, (job + 1L) * RowsPerJob);
        for (var row = (long)job * RowsPerJob; row < end; row++)
        {
            for (var at = 0; at < RowLength; at += Chunks.Elements)
            {
                var length = Math.Min(Chunks.Elements, RowLength - at);
                if (stage == ForwardStage) Rectify(row, at, length);
                else Spread(row, at, length);
            }
        }
    }

    private void Rectify(long row, int at, int length)
    {
        var start = (row * RowLength) + at;
        ReadOnlySpan<T> x = new(Memory.Inputs[0] + start, length);
        Bend(row, at, x, x, new Span<T>(Memory.Output + start, length));
    }

    [SkipLocalsInit]
    private void Spread(long row, int at, int length)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements];
        var start = (row * RowLength) + at;
        var d = new Span<T>(Memory.InputGradients[0] + start, length);
        var result = Memory.Accumulate[0] ? scratch[..length] : d;
        Bend(row, at, new ReadOnlySpan<T>(Memory.Inputs[0] + start, length), new ReadOnlySpan<T>(Memory.OutputGradient + start, length), result);
        if (Memory.Accumulate[0]) TensorPrimitives.Add(d, result, d);
    }

    /// <summary>The values where x is above 0, else times their slopes.</summary>
    [SkipLocalsInit]
    private void Bend(long row, int at, ReadOnlySpan<T> x, ReadOnlySpan<T> values, Span<T> result)
    {
        if (shared || plane > 1)
        {
            VectorLoops.Map(x, values, result, new LeakyReluFunction<T>(Memory.Parameters[0][shared ? 0 : row % channels]));
            return;
        }

        Span<T> factor = stackalloc T[Chunks.Elements];
        factor = factor[..x.Length];
        VectorLoops.Map<T, SlopeOrOne>(x, new ReadOnlySpan<T>(Memory.Parameters[0] + at, x.Length), factor, default);
        TensorPrimitives.Multiply(values, factor, result);
    }

    private void SumOfChannel(int c)
    {
        double sum = 0;
        for (var n = 0; n < batch; n++)
        {
            var start = (((long)n * channels) + c) * plane;
            for (var p = 0; p < plane; p += Chunks.Elements)
            {
                sum += SumBelow(Memory.OutputGradient + start + p, Memory.Inputs[0] + start + p, Math.Min(Chunks.Elements, plane - p));
            }
        }

        if (shared) ((double*)Memory.State)[c] = sum;
        else Memory.ParameterGradients[0][c] = T.CreateTruncating(sum);
    }

    /// <summary>Σ g · min(x, 0).</summary>
    [SkipLocalsInit]
    private static double SumBelow(T* g, T* x, int length)
    {
        if (length == 1) return double.CreateTruncating(*g * T.Min(*x, T.Zero));
        Span<T> below = stackalloc T[Chunks.Elements];
        below = below[..length];
        TensorPrimitives.Min(new ReadOnlySpan<T>(x, length), T.Zero, below);
        return double.CreateTruncating(TensorPrimitives.Dot(new ReadOnlySpan<T>(g, length), below));
    }

    /// <summary>1 where x is above 0, else the slope.</summary>
    private readonly struct SlopeOrOne : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> slope) => Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<T>.Zero), Vector<T>.One, slope);
    }
}
