using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Execution.Layers;

/// <summary>Passes everything on with the penalty weight · mean |a|. Each piece of the row is summed in T, their sums in double and in order.</summary>
internal sealed unsafe class MagnitudePenaltyExecution<T>(long count, double weight) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly double[] sums = new double[Chunks.Jobs(count)];
    private readonly T slope = T.CreateTruncating(weight / count);

    public override Overlay Output => Overlay.View;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsInputs => true;

    public override bool HasPenalty => true;

    public override void Forward()
    {
        Run(ForwardStage, sums.Length);
        double total = 0;
        foreach (var sum in sums) total += sum;
        Penalty = weight * total / count;
    }

    public override void Backward() => Run(BackwardStage, sums.Length);

    protected override void Execute(int stage, int job)
    {
        double sum = 0;
        foreach (var (start, length) in new Chunks(count, job))
        {
            var a = new ReadOnlySpan<T>(Memory.Inputs[0] + start, length);
            if (stage == ForwardStage)
            {
                sum += double.CreateTruncating(TensorPrimitives.SumOfMagnitudes(a));
                if (Memory.Output != Memory.Inputs[0]) a.CopyTo(new Span<T>(Memory.Output + start, length));
                continue;
            }

            var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, length);
            var d = new Span<T>(Memory.InputGradients[0] + start, length);
            for (var i = 0; i < length; i++)
            {
                var value = g[i] + (a[i] > T.Zero ? slope : a[i] < T.Zero ? -slope : T.Zero);
                d[i] = Memory.Accumulate[0] ? d[i] + value : value;
            }
        }

        if (stage == ForwardStage) sums[job] = sum;
    }
}
