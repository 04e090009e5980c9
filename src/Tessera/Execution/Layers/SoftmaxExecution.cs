using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Softmax over channels, in blocks of neighbouring positions so that every pass runs along the fastest axis; without
/// spatial axes the channels themselves are the fastest and each example is a row.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class SoftmaxExecution<T>(Sizes shape) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;
    private const int Block = 256;

    private readonly int batch = shape[0];
    private readonly int channels = shape[1];
    private readonly int plane = (int)shape.From(2).Product;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsOutput => true;

    public override void Forward() => Run(ForwardStage, batch);

    public override void Backward() => Run(BackwardStage, batch);

    protected override void Execute(int stage, int n)
    {
        var start = (long)n * channels * plane;
        if (plane == 1)
        {
            if (stage == ForwardStage) ForwardRow(start);
            else BackwardRow(start);
            return;
        }

        for (var p = 0; p < plane; p += Block)
        {
            var length = Math.Min(Block, plane - p);
            if (stage == ForwardStage) ForwardBlock(start + p, length);
            else BackwardBlock(start + p, length);
        }
    }

    private void ForwardRow(long start)
    {
        var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start, channels);
        var y = new Span<T>(Memory.Output + start, channels);
        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);
        TensorPrimitives.Exp(y, y);
        TensorPrimitives.Divide(y, TensorPrimitives.Sum<T>(y), y);
        Subnormals.Flush(y);
    }

    private void BackwardRow(long start)
    {
        var y = new ReadOnlySpan<T>(Memory.Output + start, channels);
        var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, channels);
        var d = new Span<T>(Memory.InputGradients[0] + start, channels);
        var mean = TensorPrimitives.Dot(y, g);
        for (var c = 0; c < channels; c++)
        {
            var value = y[c] * (g[c] - mean);
            d[c] = Memory.Accumulate[0] ? d[c] + value : value;
        }

        Subnormals.Flush(d);
    }

    private void ForwardBlock(long start, int length)
    {
        Span<T> most = stackalloc T[Block], sum = stackalloc T[Block];
        most = most[..length];
        sum = sum[..length];
        Row(Memory.Inputs[0], start, 0, length).CopyTo(most);
        for (var c = 1; c < channels; c++) TensorPrimitives.Max(most, Row(Memory.Inputs[0], start, c, length), most);
        sum.Clear();
        for (var c = 0; c < channels; c++)
        {
            var y = Row(Memory.Output, start, c, length);
            TensorPrimitives.Subtract(Row(Memory.Inputs[0], start, c, length), most, y);
            TensorPrimitives.Exp(y, y);
            TensorPrimitives.Add(sum, y, sum);
        }

        for (var c = 0; c < channels; c++)
        {
            var y = Row(Memory.Output, start, c, length);
            TensorPrimitives.Divide(y, sum, y);
            Subnormals.Flush(y);
        }
    }

    private void BackwardBlock(long start, int length)
    {
        Span<T> mean = stackalloc T[Block], value = stackalloc T[Block];
        mean = mean[..length];
        value = value[..length];
        mean.Clear();
        for (var c = 0; c < channels; c++)
        {
            TensorPrimitives.MultiplyAdd(Row(Memory.Output, start, c, length), Row(Memory.OutputGradient, start, c, length), mean, mean);
        }

        for (var c = 0; c < channels; c++)
        {
            TensorPrimitives.Subtract(Row(Memory.OutputGradient, start, c, length), mean, value);
            TensorPrimitives.Multiply(value, Row(Memory.Output, start, c, length), value);
            Subnormals.Flush(value);
            var d = Row(Memory.InputGradients[0], start, c, length);
            if (Memory.Accumulate[0]) TensorPrimitives.Add(d, value, d);
            else value.CopyTo(d);
        }
    }

    private Span<T> Row(T* values, long start, int c, int length) => new(values + start + ((long)c * plane), length);
}
