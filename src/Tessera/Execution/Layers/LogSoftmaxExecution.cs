using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Logarithms of a softmax over one axis, cut as the softmax is: y = x − max x − log Σ exp(x − max x), with the gradient g − exp(y) Σ g.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class LogSoftmaxExecution<T>(AxisView view) : LayerExecution<T>
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
        Span<T> scratch = stackalloc T[Chunks.Elements];
        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);
        var sum = T.Zero;
        for (var at = 0; at < view.Length; at += Chunks.Elements)
        {
            var part = scratch[..Math.Min(Chunks.Elements, view.Length - at)];
            TensorPrimitives.Exp(y.Slice(at, part.Length), part);
            sum += TensorPrimitives.Sum<T>(part);
        }

        TensorPrimitives.Subtract(y, T.Log(sum), y);
    }

    private void BackwardRow(long start)
    {
        var total = TensorPrimitives.Sum(new ReadOnlySpan<T>(Memory.OutputGradient + start, view.Length));
        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (var at = 0; at < view.Length; at += Chunks.Elements)
        {
            var value = scratch[..Math.Min(Chunks.Elements, view.Length - at)];
            TensorPrimitives.Exp(new ReadOnlySpan<T>(Memory.Output + start + at, value.Length), value);
            TensorPrimitives.Multiply(value, total, value);
            Give(start + at, value);
        }
    }

    private void ForwardBlock(long start, int count)
    {
        Span<T> most = stackalloc T[AxisView.Block], sum = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        most = most[..count];
        sum = sum[..count];
        value = value[..count];
        Row(Memory.Inputs[0], start, 0, count).CopyTo(most);
        for (var i = 1; i < view.Length; i++) TensorPrimitives.Max(most, Row(Memory.Inputs[0], start, i, count), most);
        sum.Clear();
        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.Subtract(Row(Memory.Inputs[0], start, i, count), most, value);
            TensorPrimitives.Exp(value, value);
            TensorPrimitives.Add(sum, value, sum);
        }

        TensorPrimitives.Log(sum, sum);
        for (var i = 0; i < view.Length; i++)
        {
            // The largest goes first: added to the logarithm it would take digits from a sum near 0.
            var y = Row(Memory.Output, start, i, count);
            TensorPrimitives.Subtract(Row(Memory.Inputs[0], start, i, count), most, y);
            TensorPrimitives.Subtract(y, sum, y);
        }
    }

    private void BackwardBlock(long start, int count)
    {
        Span<T> total = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        total = total[..count];
        value = value[..count];
        total.Clear();
        for (var i = 0; i < view.Length; i++) TensorPrimitives.Add(total, Row(Memory.OutputGradient, start, i, count), total);
        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.Exp(Row(Memory.Output, start, i, count), value);
            TensorPrimitives.Multiply(value, total, value);
            Give(start + ((long)i * view.Inner), value);
        }
    }

    /// <summary>The output's gradient less the values, to the input.</summary>
    private void Give(long start, Span<T> value)
    {
        TensorPrimitives.Subtract(new ReadOnlySpan<T>(Memory.OutputGradient + start, value.Length), value, value);
        Subnormals.Flush(value);
        var d = new Span<T>(Memory.InputGradients[0] + start, value.Length);
        if (Memory.Accumulate[0]) TensorPrimitives.Add(d, value, d);
        else value.CopyTo(d);
    }

    private Span<T> Row(T* values, long start, int i, int count) => new(values + start + ((long)i * view.Inner), count);
}
