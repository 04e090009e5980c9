using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Execution.Layers;

/// <summary>The sum of its inputs; each input's gradient is the output's.</summary>
internal sealed unsafe class AddExecution<T>(long count, int inputs) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.View;

    public override void Forward() => Run(ForwardStage, Chunks.Jobs(count));

    public override void Backward() => Run(BackwardStage, Chunks.Jobs(count));

    protected override void Execute(int stage, int job)
    {
        foreach (var (start, length) in new Chunks(count, job))
        {
            if (stage == ForwardStage) Sum(start, length);
            else Spread(start, length);
        }
    }

    private void Sum(long start, int length)
    {
        var z = new Span<T>(Memory.Output + start, length);
        TensorPrimitives.Add(At(Memory.Inputs[0], start, length), At(Memory.Inputs[1], start, length), z);
        for (var i = 2; i < inputs; i++) TensorPrimitives.Add(z, At(Memory.Inputs[i], start, length), z);
    }

    private void Spread(long start, int length)
    {
        var g = At(Memory.OutputGradient, start, length);
        for (var i = 0; i < inputs; i++)
        {
            if (Memory.InputGradients[i] == null || Memory.InputGradients[i] == Memory.OutputGradient) continue;
            var d = new Span<T>(Memory.InputGradients[i] + start, length);
            if (Memory.Accumulate[i]) TensorPrimitives.Add(d, g, d);
            else g.CopyTo(d);
        }
    }

    private static ReadOnlySpan<T> At(T* values, long start, int length) => new(values + start, length);
}
