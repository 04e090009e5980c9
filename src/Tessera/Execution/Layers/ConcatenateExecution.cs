using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Execution.Layers;

/// <summary>Copies the inputs' channels after one another, example by example; gradients go back the same way.</summary>
internal sealed unsafe class ConcatenateExecution<T> : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;

    private readonly int batch;
    private readonly int[] lengths;
    private readonly long total;

    public ConcatenateExecution(IReadOnlyList<Sizes> inputs)
    {
        batch = inputs[0][0];
        lengths = [.. inputs.Select(static shape => (int)shape.From(1).Product)];
        total = lengths.Sum(static length => (long)length);
    }

    public override void Forward() => Run(ForwardStage, batch);

    public override void Backward() => Run(ForwardStage + 1, batch);

    protected override void Execute(int stage, int n)
    {
        var at = n * total;
        for (var i = 0; i < lengths.Length; at += lengths[i++])
        {
            var start = (long)n * lengths[i];
            if (stage == ForwardStage)
            {
                new ReadOnlySpan<T>(Memory.Inputs[i] + start, lengths[i]).CopyTo(new Span<T>(Memory.Output + at, lengths[i]));
                continue;
            }

            if (Memory.InputGradients[i] == null) continue;
            var g = new ReadOnlySpan<T>(Memory.OutputGradient + at, lengths[i]);
            var d = new Span<T>(Memory.InputGradients[i] + start, lengths[i]);
            if (Memory.Accumulate[i]) TensorPrimitives.Add(d, g, d);
            else g.CopyTo(d);
        }
    }
}
