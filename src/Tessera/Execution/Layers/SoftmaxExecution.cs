using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Softmax over one axis, in blocks of neighbouring positions so that every pass runs along the fastest axis; where the axis
/// is itself the fastest, each of its rows is a block. With y = exp(x − max x) / Σ, the gradient is y (g − Σ y g).
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class SoftmaxExecution<T>(AxisView view) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly AxisView view = view;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsOutput => true;

    public override void Forward() => Run(ForwardStage, view.Jobs);

    public override void Backward() => Run(BackwardStage, view.Jobs);

    protected override void Execute(int stage, int job)
    {
        var (first, end) = view.PiecesOf(job);
        for (var piece = first; piece < end; piece++)
        {
            var (start, count) = view.Piece(piece);
            switch (stage, view.Inner)
            {
                case (ForwardStage, 1):
                    ForwardRow(start);
                    break;
                case (ForwardStage, _):
                    ForwardBlock(start, count);
                    break;
                case (_, 1):
                    BackwardRow(start);
                    break;
                default:
                    BackwardBlock(start, count);
                    break;
            }
        }
    }

    private void ForwardRow(long start)
    {
        var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start, view.Length);
        var y = new Span<T>(Memory.Output + start, view.Length);
        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);
        TensorPrimitives.Exp(y, y);
        TensorPrimitives.Divide(y, TensorPrimitives.Sum<T>(y), y);
        Subnormals.Flush(y);
    }

    private void BackwardRow(long start)
    {
        var y = new ReadOnlySpan<T>(Memory.Output + start, view.Length);
        var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, view.Length);
        var d = new Span<T>(Memory.InputGradients[0] + start, view.Length);
        var mean = TensorPrimitives.Dot(y, g);
        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (var at = 0; at < view.Length; at += Chunks.Elements)
        {
            var value = scratch[..Math.Min(Chunks.Elements, view.Length - at)];
            TensorPrimitives.Subtract(g.Slice(at, value.Length), mean, value);
            TensorPrimitives.Multiply(value, y.Slice(at, value.Length), value);
            Subnormals.Flush(value);
            Give(value, d.Slice(at, value.Length));
        }
    }

    private void ForwardBlock(long start, int count)
    {
        Span<T> most = stackalloc T[AxisView.Block], sum = stackalloc T[AxisView.Block];
        most = most[..count];
        sum = sum[..count];
        Row(Memory.Inputs[0], start, 0, count).CopyTo(most);
        for (var i = 1; i < view.Length; i++) TensorPrimitives.Max(most, Row(Memory.Inputs[0], start, i, count), most);
        sum.Clear();
        for (var i = 0; i < view.Length; i++)
        {
            var y = Row(Memory.Output, start, i, count);
            TensorPrimitives.Subtract(Row(Memory.Inputs[0], start, i, count), most, y);
            TensorPrimitives.Exp(y, y);
            TensorPrimitives.Add(sum, y, sum);
        }

        for (var i = 0; i < view.Length; i++)
        {
            var y = Row(Memory.Output, start, i, count);
            TensorPrimitives.Divide(y, sum, y);
            Subnormals.Flush(y);
        }
    }

    private void BackwardBlock(long start, int count)
    {
        Span<T> mean = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        mean = mean[..count];
        value = value[..count];
        mean.Clear();
        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(Row(Memory.Output, start, i, count), Row(Memory.OutputGradient, start, i, count), mean, mean);
        }

        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.Subtract(Row(Memory.OutputGradient, start, i, count), mean, value);
            TensorPrimitives.Multiply(value, Row(Memory.Output, start, i, count), value);
            Subnormals.Flush(value);
            Give(value, Row(Memory.InputGradients[0], start, i, count));
        }
    }

    private void Give(ReadOnlySpan<T> value, Span<T> d)
    {
        if (Memory.Accumulate[0]) TensorPrimitives.Add(d, value, d);
        else value.CopyTo(d);
    }

    private Span<T> Row(T* values, long start, int i, int count) => new(values + start + ((long)i * view.Inner), count);
}
