using System.Numerics;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Draws z = μ + exp(½ l) ε from means μ and log-variances l, a job for each example; ε is drawn again in the backward pass instead of being
/// kept. Gradients: dμ = g + w μ / N and dl = ½ (g exp(½ l) ε + w (exp(l) − 1) / N). In double throughout.
/// </summary>
internal sealed unsafe class GaussianSampleExecution<T>(Sizes output, double weight, int index, bool training) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly int batch = output[0];
    private readonly int each = (int)output.From(1).Product;
    private readonly double[] sums = new double[output[0]];

    private long key;

    public override bool BackwardReadsInputs => true;

    public override bool HasPenalty => training;

    public override void Forward()
    {
        key = Pass.KeyOf(index);
        Run(ForwardStage, batch);
        if (!training) return;
        double total = 0;
        foreach (var sum in sums) total += sum;
        Penalty = weight * total / batch;
    }

    public override void Backward() => Run(BackwardStage, batch);

    protected override void Execute(int stage, int n)
    {
        var means = new ReadOnlySpan<T>(Memory.Inputs[0] + (2L * n * each), each);
        var logVariances = new ReadOnlySpan<T>(Memory.Inputs[0] + (((2L * n) + 1) * each), each);
        if (stage == BackwardStage) Backward(n, means, logVariances);
        else if (training) Draw(n, means, logVariances, new Span<T>(Memory.Output + ((long)n * each), each));
        else means.CopyTo(new Span<T>(Memory.Output + ((long)n * each), each));
    }

    private void Draw(int n, ReadOnlySpan<T> means, ReadOnlySpan<T> logVariances, Span<T> z)
    {
        var random = new RandomSource(key, n);
        double sum = 0;
        for (var i = 0; i < z.Length; i++)
        {
            double mean = double.CreateTruncating(means[i]), logVariance = double.CreateTruncating(logVariances[i]);
            var deviation = Math.Exp(logVariance / 2);
            z[i] = T.CreateTruncating(mean + (deviation * random.NextNormal()));
            sum += ((mean * mean) + (deviation * deviation) - 1 - logVariance) / 2;
        }

        Subnormals.Flush(z);
        sums[n] = sum;
    }

    private void Backward(int n, ReadOnlySpan<T> means, ReadOnlySpan<T> logVariances)
    {
        var random = new RandomSource(key, n);
        var g = new ReadOnlySpan<T>(Memory.OutputGradient + ((long)n * each), each);
        var forMeans = new Span<T>(Memory.InputGradients[0] + (2L * n * each), each);
        var forLogVariances = new Span<T>(Memory.InputGradients[0] + (((2L * n) + 1) * each), each);
        var share = weight / batch;
        for (var i = 0; i < g.Length; i++)
        {
            double mean = double.CreateTruncating(means[i]), logVariance = double.CreateTruncating(logVariances[i]), slope = double.CreateTruncating(g[i]);
            var deviation = Math.Exp(logVariance / 2);
            var forMean = T.CreateTruncating(slope + (share * mean));
            var forLogVariance = T.CreateTruncating(((slope * deviation * random.NextNormal()) + (share * ((deviation * deviation) - 1))) / 2);
            forMeans[i] = Memory.Accumulate[0] ? forMeans[i] + forMean : forMean;
            forLogVariances[i] = Memory.Accumulate[0] ? forLogVariances[i] + forLogVariance : forLogVariance;
        }

        Subnormals.Flush(forMeans);
        Subnormals.Flush(forLogVariances);
    }
}
