using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Execution.Layers;

/// <summary>
/// Passes everything on with the penalty weight · Σ_m KL(ρ ‖ ρ̂_m), a job for each channel m. An example's plane is summed in T, those over the
/// batch in double and in order. Every element of a channel has the same gradient, weight · ((1 − ρ) / (1 − ρ̂) − ρ / ρ̂) over their number.
/// </summary>
internal sealed unsafe class EntropyPenaltyExecution<T>(Sizes shape, double weight, double target) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    /// <summary>How near a mean may come to 0 and 1, where the entropy has no end.</summary>
    private const double Nearest = 1e-6;

    private readonly int batch = shape[0];
    private readonly int channels = shape[1];
    private readonly int plane = (int)shape.From(2).Product;
    private readonly double[] means = new double[shape[1]];

    public override Overlay Output => Overlay.View;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool HasPenalty => true;

    public override void Forward()
    {
        Run(ForwardStage, channels);
        double sum = 0;
        foreach (var mean in means) sum += (target * Math.Log(target / mean)) + ((1 - target) * Math.Log((1 - target) / (1 - mean)));
        Penalty = weight * sum;
    }

    public override void Backward() => Run(BackwardStage, channels);

    protected override void Execute(int stage, int c)
    {
        var count = (double)batch * plane;
        var slope = T.CreateTruncating(weight * (((1 - target) / (1 - means[c])) - (target / means[c])) / count);
        double sum = 0;
        for (var n = 0; n < batch; n++)
        {
            var start = (((long)n * channels) + c) * plane;
            if (stage == ForwardStage)
            {
                var a = new ReadOnlySpan<T>(Memory.Inputs[0] + start, plane);
                sum += double.CreateTruncating(TensorPrimitives.Sum(a));
                if (Memory.Output != Memory.Inputs[0]) a.CopyTo(new Span<T>(Memory.Output + start, plane));
                continue;
            }

            var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, plane);
            var d = new Span<T>(Memory.InputGradients[0] + start, plane);
            if (Memory.Accumulate[0])
            {
                TensorPrimitives.Add(d, g, d);
                TensorPrimitives.Add(d, slope, d);
            }
            else
            {
                TensorPrimitives.Add(g, slope, d);
            }
        }

        // Math.Clamp keeps NaN, so that values which are not finite stay visible.
        if (stage == ForwardStage) means[c] = Math.Clamp(sum / count, Nearest, 1 - Nearest);
    }
}
