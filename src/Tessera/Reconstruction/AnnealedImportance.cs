using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Reconstruction;

/// <summary>
/// Annealed importance sampling (Neal 2001) for machines of binary units as Salakhutdinov and Murray (2008) do it. Between the machine with neither
/// weights nor hidden biases (β = 0) and the machine itself (β = 1) stand p*_β(v) = exp(Σ c v) ∏_blocks (1 + Σ exp(βI)); a run goes from one to the next by a
/// Gibbs step, h by βI and v by σ(β A(K)ᵀ h + c), and gathers log p*_β(v) − log p*_β′(v).
/// </summary>
internal sealed class AnnealedImportance<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Rbm<T> machine;
    private readonly T[] visible;
    private readonly T[] inputs;
    private readonly T[] states;
    private readonly double[] higher;
    private readonly double[] lower;

    public AnnealedImportance(Rbm<T> machine)
    {
        if (machine.Description is not { Visible: VisibleUnits.Binary, Hidden: HiddenUnits.Binary })
        {
            throw new InvalidOperationException(
                $"{machine.Description.Label}: annealed importance sampling is for binary visible and hidden units, not for {machine.Description.Visible} and {machine.Description.Hidden} ones; a machine with few binary hidden units has an exact partition function.");
        }

        this.machine = machine;
        visible = new T[machine.VisibleElements];
        inputs = new T[machine.HiddenElements];
        states = new T[machine.HiddenElements];
        higher = new double[machine.Batch];
        lower = new double[machine.Batch];
    }

    public PartitionEstimate Estimate(int temperatures, int runs, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(temperatures, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 2);
        var logWeights = new double[(runs + machine.Batch - 1) / machine.Batch * machine.Batch];
        for (var first = 0; first < runs; first += machine.Batch) RunBatch(temperatures, logWeights.AsSpan(first, machine.Batch), seed, first);
        var weights = logWeights.AsSpan(0, runs);
        var largest = TensorPrimitives.Max<double>(weights);
        foreach (ref var weight in weights) weight = Math.Exp(weight - largest);
        var mean = TensorPrimitives.Average<double>(weights);
        double square = 0;
        foreach (var weight in weights) square += (weight - mean) * (weight - mean);
        return new PartitionEstimate(LogBase() + largest + Math.Log(mean), Math.Sqrt(square / (runs - 1.0) / runs) / mean, runs, temperatures);
    }

    /// <summary>log Z of the machine at β = 0: every visible unit by its bias alone, every state of the hidden units alike.</summary>
    private double LogBase()
    {
        var positions = machine.Units.Visible / machine.VisibleBiasValues.Length;
        var log = machine.Description.HiddenStateBits(machine.Run.Plan.Geometry) * Math.Log(2);
        foreach (var c in machine.VisibleBiasValues) log += positions * RbmUnits<T>.Softplus(double.CreateTruncating(c));
        return log;
    }

    private void RunBatch(int temperatures, Span<double> logWeights, long seed, int first)
    {
        visible.AsSpan().Clear();
        machine.Units.VisibleMeans(visible, machine.VisibleBiasValues);
        machine.Units.DrawVisible(visible, Rbm<T>.Key(seed, first, 0, hidden: false));
        for (var k = 1; k <= temperatures; k++)
        {
            var beta = (double)k / temperatures;
            machine.HiddenInputs(visible, inputs);
            machine.Units.FreeTerms(inputs, beta, higher);
            machine.Units.FreeTerms(inputs, (k - 1.0) / temperatures, lower);
            for (var n = 0; n < logWeights.Length; n++) logWeights[n] += higher[n] - lower[n];
            if (k == temperatures) return;
            TensorPrimitives.Multiply(inputs, T.CreateTruncating(beta), inputs);
            machine.Units.HiddenMeans(inputs, inputs);
            machine.Units.DrawHidden(inputs, inputs, states, Rbm<T>.Key(seed, first, k, hidden: true));
            TensorPrimitives.Multiply(states, T.CreateTruncating(beta), states);
            machine.VisibleMeans(states, visible);
            machine.Units.DrawVisible(visible, Rbm<T>.Key(seed, first, k, hidden: false));
        }
    }
}
