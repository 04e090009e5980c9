using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Layers;

/// <summary>Noise in training. It is drawn again in the backward pass instead of being kept, from the seed, the layer's place, the step and the piece of the row.</summary>
[SkipLocalsInit]
internal sealed unsafe class NoiseExecution<T>(Noise noise, long count, int index) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly NoiseDraw<T> draw = new(noise);

    private long key;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override void Forward()
    {
        key = Pass.KeyOf(index);
        Run(ForwardStage, Chunks.Jobs(count));
    }

    public override void Backward()
    {
        if (draw.IsAdded && Memory.InputGradients[0] == Memory.OutputGradient) return;
        Run(BackwardStage, Chunks.Jobs(count));
    }

    protected override void Execute(int stage, int job)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements];
        foreach (var (start, length) in new Chunks(count, job))
        {
            if (stage == ForwardStage)
            {
                draw.Corrupt(new ReadOnlySpan<T>(Memory.Inputs[0] + start, length), new Span<T>(Memory.Output + start, length), key, start);
                continue;
            }

            var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, length);
            var d = new Span<T>(Memory.InputGradients[0] + start, length);
            var result = Memory.Accumulate[0] ? scratch[..length] : d;
            if (draw.IsAdded) g.CopyTo(result);
            else draw.Pass(g, result, key, start);
            if (Memory.Accumulate[0]) TensorPrimitives.Add(d, result, d);
        }
    }
}
