using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Layers;

/// <summary>
/// Local response normalisation y = x s^−β with s = bias + α / size · Σ x² over a window of channels, in blocks of neighbouring positions. The gradient is
/// dx = g s^−β − 2 α β / size · x · Σ r with r = g y / s, over the channels whose windows hold this one: those from the far side of the window to the near one.
/// The forward pass leaves s to the backward pass, which keeps r in the workspace.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class LocalResponseExecution<T>(Sizes shape, LocalResponseNormalisation layer, bool training) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int RatioStage = 1;
    private const int InputStage = 2;

    private readonly AxisView view = new(shape, 1);
    private readonly int before = (layer.Size - 1) / 2;
    private readonly int after = layer.Size / 2;
    private readonly T share = T.CreateChecked(layer.Alpha / layer.Size);
    private readonly T slope = T.CreateChecked(-2 * layer.Alpha * layer.Beta / layer.Size);
    private readonly T bias = T.CreateChecked(layer.Bias);
    private readonly double beta = layer.Beta;

    public override bool BackwardReadsInputs => true;

    public override bool BackwardReadsOutput => true;

    public override long StateBytes => training ? shape.Product * sizeof(T) : 0;

    public override long SharedElements => training ? shape.Product : 0;

    public override void Forward() => Run(ForwardStage, view.Jobs);

    public override void Backward()
    {
        Run(RatioStage, view.Jobs);
        Run(InputStage, view.Jobs);
    }

    protected override void Execute(int stage, int job)
    {
        var (first, end) = view.PiecesOf(job);
        for (var piece = first; piece < end; piece++)
        {
            var (start, count) = view.Piece(piece);
            for (var c = 0; c < view.Length; c++)
            {
                if (stage == ForwardStage) Divide(start, c, count);
                else if (stage == RatioStage) Ratio(start, c, count);
                else Give(start, c, count);
            }
        }
    }

    private void Divide(long start, int c, int count)
    {
        Span<T> sum = stackalloc T[AxisView.Block];
        sum = sum[..count];
        sum.Clear();
        for (var other = Math.Max(0, c - before); other <= Math.Min(view.Length - 1, c + after); other++)
        {
            var x = Row(Memory.Inputs[0], start, other, count);
            TensorPrimitives.MultiplyAdd(x, x, sum, sum);
        }

        TensorPrimitives.Multiply(sum, share, sum);
        TensorPrimitives.Add(sum, bias, sum);
        if (training) sum.CopyTo(Row((T*)Memory.State, start, c, count));
        Power(sum, sum);
        var y = Row(Memory.Output, start, c, count);
        TensorPrimitives.Multiply(Row(Memory.Inputs[0], start, c, count), sum, y);
        Subnormals.Flush(y);
    }

    private void Ratio(long start, int c, int count)
    {
        var r = Row(Memory.Workspace.Shared, start, c, count);
        TensorPrimitives.Multiply(Row(Memory.OutputGradient, start, c, count), Row(Memory.Output, start, c, count), r);
        TensorPrimitives.Divide(r, Row((T*)Memory.State, start, c, count), r);
    }

    private void Give(long start, int c, int count)
    {
        Span<T> sum = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        sum = sum[..count];
        value = value[..count];
        sum.Clear();
        for (var other = Math.Max(0, c - after); other <= Math.Min(view.Length - 1, c + before); other++)
        {
            TensorPrimitives.Add(sum, Row(Memory.Workspace.Shared, start, other, count), sum);
        }

        TensorPrimitives.Multiply(sum, Row(Memory.Inputs[0], start, c, count), sum);
        TensorPrimitives.Multiply(sum, slope, sum);
        Power(Row((T*)Memory.State, start, c, count), value);
        TensorPrimitives.MultiplyAdd(value, Row(Memory.OutputGradient, start, c, count), sum, value);
        Subnormals.Flush(value);
        var d = Row(Memory.InputGradients[0], start, c, count);
        if (Memory.Accumulate[0]) TensorPrimitives.Add(d, value, d);
        else value.CopyTo(d);
    }

    /// <summary>s^−β; the usual exponent ¾ by two square roots.</summary>
    private void Power(ReadOnlySpan<T> s, Span<T> result)
    {
        if (beta != 0.75)
        {
            TensorPrimitives.Pow(s, T.CreateChecked(-beta), result);
            return;
        }

        Span<T> root = stackalloc T[AxisView.Block];
        root = root[..s.Length];
        TensorPrimitives.Sqrt(s, root);
        TensorPrimitives.Sqrt(root, result);
        TensorPrimitives.Multiply(root, result, result);
        TensorPrimitives.Divide(T.One, result, result);
    }

    private Span<T> Row(T* values, long start, int c, int count) => new(values + start + ((long)c * view.Inner), count);
}
