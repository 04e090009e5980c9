using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>Softmax: with y = exp(x − max x) / Σ, the gradient is y (g − Σ y g).</summary>
[SkipLocalsInit]
internal readonly unsafe struct SoftmaxFunction<T> : IAxisFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void ForwardRow(LayerMemory<T> memory, in AxisView view, long start)
    {
        var x = new ReadOnlySpan<T>(memory.Inputs[0] + start, view.Length);
        var y = new Span<T>(memory.Output + start, view.Length);
        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);
        TensorPrimitives.Exp(y, y);
        TensorPrimitives.Divide(y, TensorPrimitives.Sum<T>(y), y);
        Subnormals.Flush(y);
    }

    public static void BackwardRow(LayerMemory<T> memory, in AxisView view, long start)
    {
        var y = new ReadOnlySpan<T>(memory.Output + start, view.Length);
        var g = new ReadOnlySpan<T>(memory.OutputGradient + start, view.Length);
        var d = new Span<T>(memory.InputGradients[0] + start, view.Length);
        var mean = TensorPrimitives.Dot(y, g);
        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (var at = 0; at < view.Length; at += Chunks.Elements)
        {
            var value = scratch[..Math.Min(Chunks.Elements, view.Length - at)];
            TensorPrimitives.Subtract(g.Slice(at, value.Length), mean, value);
            TensorPrimitives.Multiply(value, y.Slice(at, value.Length), value);
            Subnormals.Flush(value);
            Give(memory, value, d.Slice(at, value.Length));
        }
    }

    public static void ForwardBlock(LayerMemory<T> memory, in AxisView view, long start, int count)
    {
        Span<T> most = stackalloc T[AxisView.Block], sum = stackalloc T[AxisView.Block];
        most = most[..count];
        sum = sum[..count];
        view.Row(memory.Inputs[0], start, 0, count).CopyTo(most);
        for (var i = 1; i < view.Length; i++) TensorPrimitives.Max(most, view.Row(memory.Inputs[0], start, i, count), most);
        sum.Clear();
        for (var i = 0; i < view.Length; i++)
        {
            var y = view.Row(memory.Output, start, i, count);
            TensorPrimitives.Subtract(view.Row(memory.Inputs[0], start, i, count), most, y);
            TensorPrimitives.Exp(y, y);
            TensorPrimitives.Add(sum, y, sum);
        }

        for (var i = 0; i < view.Length; i++)
        {
            var y = view.Row(memory.Output, start, i, count);
            TensorPrimitives.Divide(y, sum, y);
            Subnormals.Flush(y);
        }
    }

    public static void BackwardBlock(LayerMemory<T> memory, in AxisView view, long start, int count)
    {
        Span<T> mean = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        mean = mean[..count];
        value = value[..count];
        mean.Clear();
        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(view.Row(memory.Output, start, i, count), view.Row(memory.OutputGradient, start, i, count), mean, mean);
        }

        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.Subtract(view.Row(memory.OutputGradient, start, i, count), mean, value);
            TensorPrimitives.Multiply(value, view.Row(memory.Output, start, i, count), value);
            Subnormals.Flush(value);
            Give(memory, value, view.Row(memory.InputGradients[0], start, i, count));
        }
    }

    private static void Give(LayerMemory<T> memory, ReadOnlySpan<T> value, Span<T> d)
    {
        if (memory.Accumulate[0]) TensorPrimitives.Add(d, value, d);
        else value.CopyTo(d);
    }
}
