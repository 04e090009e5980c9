using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>The logarithm of a softmax: y = x − max x − log Σ exp(x − max x), with the gradient g − exp(y) Σ g.</summary>
[SkipLocalsInit]
internal readonly unsafe struct LogSoftmaxFunction<T> : IAxisFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void ForwardRow(LayerMemory<T> memory, in AxisView view, long start)
    {
        var x = new ReadOnlySpan<T>(memory.Inputs[0] + start, view.Length);
        var y = new Span<T>(memory.Output + start, view.Length);
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

    public static void BackwardRow(LayerMemory<T> memory, in AxisView view, long start)
    {
        var total = TensorPrimitives.Sum(new ReadOnlySpan<T>(memory.OutputGradient + start, view.Length));
        Span<T> scratch = stackalloc T[Chunks.Elements];
        for (var at = 0; at < view.Length; at += Chunks.Elements)
        {
            var value = scratch[..Math.Min(Chunks.Elements, view.Length - at)];
            TensorPrimitives.Exp(new ReadOnlySpan<T>(memory.Output + start + at, value.Length), value);
            TensorPrimitives.Multiply(value, total, value);
            Give(memory, start + at, value);
        }
    }

    public static void ForwardBlock(LayerMemory<T> memory, in AxisView view, long start, int count)
    {
        Span<T> most = stackalloc T[AxisView.Block], sum = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        most = most[..count];
        sum = sum[..count];
        value = value[..count];
        view.Row(memory.Inputs[0], start, 0, count).CopyTo(most);
        for (var i = 1; i < view.Length; i++) TensorPrimitives.Max(most, view.Row(memory.Inputs[0], start, i, count), most);
        sum.Clear();
        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.Subtract(view.Row(memory.Inputs[0], start, i, count), most, value);
            TensorPrimitives.Exp(value, value);
            TensorPrimitives.Add(sum, value, sum);
        }

        TensorPrimitives.Log(sum, sum);
        for (var i = 0; i < view.Length; i++)
        {
            // The largest goes first: added to the logarithm it would take digits from a sum near 0.
            var y = view.Row(memory.Output, start, i, count);
            TensorPrimitives.Subtract(view.Row(memory.Inputs[0], start, i, count), most, y);
            TensorPrimitives.Subtract(y, sum, y);
        }
    }

    public static void BackwardBlock(LayerMemory<T> memory, in AxisView view, long start, int count)
    {
        Span<T> total = stackalloc T[AxisView.Block], value = stackalloc T[AxisView.Block];
        total = total[..count];
        value = value[..count];
        total.Clear();
        for (var i = 0; i < view.Length; i++) TensorPrimitives.Add(total, view.Row(memory.OutputGradient, start, i, count), total);
        for (var i = 0; i < view.Length; i++)
        {
            TensorPrimitives.Exp(view.Row(memory.Output, start, i, count), value);
            TensorPrimitives.Multiply(value, total, value);
            Give(memory, start + ((long)i * view.Inner), value);
        }
    }

    /// <summary>The output's gradient less the values, to the input.</summary>
    private static void Give(LayerMemory<T> memory, long start, Span<T> value)
    {
        TensorPrimitives.Subtract(new ReadOnlySpan<T>(memory.OutputGradient + start, value.Length), value, value);
        Subnormals.Flush(value);
        var d = new Span<T>(memory.InputGradients[0] + start, value.Length);
        if (memory.Accumulate[0]) TensorPrimitives.Add(d, value, d);
        else value.CopyTo(d);
    }
}
