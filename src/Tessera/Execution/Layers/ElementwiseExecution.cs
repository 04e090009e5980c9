using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Layers;

/// <summary>A function of one element, and its derivative; both work on a few thousand elements at a time.</summary>
internal interface IElementFunction<T>
{
    /// <summary>Whether the derivative is computed from the input; where not, from the output.</summary>
    static abstract bool DerivativeReadsInput { get; }

    /// <summary>Whether values or gradients die away towards zero, so that subnormal numbers must be flushed.</summary>
    static abstract bool Decays { get; }

    /// <summary>y = f(x); y may stand where x stands.</summary>
    void Forward(ReadOnlySpan<T> x, Span<T> y);

    /// <summary>d = g · f′, from x or from y as <see cref="DerivativeReadsInput"/> says; d may stand where g stands.</summary>
    void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d);
}

/// <summary>An activation: the same function of every element.</summary>
[SkipLocalsInit]
internal sealed unsafe class ElementwiseExecution<T, TFunction>(long count, TFunction function) : LayerExecution<T>, IElementwise<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TFunction : struct, IElementFunction<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsInputs => TFunction.DerivativeReadsInput;

    public override bool BackwardReadsOutput => !TFunction.DerivativeReadsInput;

    bool IElementwise<T>.IsRectifier => typeof(TFunction) == typeof(ReluFunction<T>) || function is ClipFunction<T> { IsRectifier: true };

    T? IElementwise<T>.Bound => function is ClipFunction<T> clip ? clip.Most : null;

    public override void Forward() => Run(ForwardStage, Chunks.Jobs(count));

    public override void Backward() => Run(BackwardStage, Chunks.Jobs(count));

    void IElementwise<T>.Apply(Span<T> values)
    {
        for (; values.Length > 0; values = values[Math.Min(Chunks.Elements, values.Length)..])
        {
            var y = values[..Math.Min(Chunks.Elements, values.Length)];
            function.Forward(y, y);
            if (TFunction.Decays) Subnormals.Flush(y);
        }
    }

    protected override void Execute(int stage, int job)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements];
        foreach (var (start, length) in new Chunks(count, job))
        {
            if (stage == ForwardStage)
            {
                var y = new Span<T>(Memory.Output + start, length);
                function.Forward(new ReadOnlySpan<T>(Memory.Inputs[0] + start, length), y);
                if (TFunction.Decays) Subnormals.Flush(y);
                continue;
            }

            var from = new ReadOnlySpan<T>((TFunction.DerivativeReadsInput ? Memory.Inputs[0] : Memory.Output) + start, length);
            var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, length);
            var d = new Span<T>(Memory.InputGradients[0] + start, length);
            var result = Memory.Accumulate[0] ? scratch[..length] : d;
            function.Backward(from, g, result);
            if (TFunction.Decays) Subnormals.Flush(result);
            if (Memory.Accumulate[0]) TensorPrimitives.Add(d, result, d);
        }
    }
}
