using System.Numerics.Tensors;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>
/// A certificate for a belief net's machines, in double, two rows each. Positive phase, at the real size: the statistics that a machine learns from
/// against finite differences of its free energy, and the identity ⟨A(K) v, h⟩ = ⟨v, A(K)ᵀ h⟩ = ⟨K, g(h, v)⟩ that its energy rests on. Exact
/// gradient, at a size small enough to go through all states (<see cref="SmallMachine"/>): positive less negative phase against finite
/// differences of the log-likelihood. Rectified hidden units have no likelihood, and so no second row.
/// </summary>
public static class RbmCheck
{
    private const int ElementsAlone = 6;
    private const int SmallBatch = 16;
    private const double Negligible = 1e-5;

    /// <summary>Checks every machine.</summary>
    /// <param name="net">The net.</param>
    /// <param name="batch">Examples in a pass, 1 or more.</param>
    /// <param name="seed">What images, parameters and directions are drawn from.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <param name="progress">Told of each row as it is known.</param>
    /// <param name="cancellation">Asked between rows.</param>
    public static GradientReport Run(
        BeliefNetDescription net, int batch = 2, long seed = 1, int threads = 0, IProgress<GradientCheckRow>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(net);
        var rows = new List<GradientCheckRow>();
        for (var s = 0; s < net.Machines.Count; s++)
        {
            var options = new PlanOptions { Threads = threads };
            cancellation.ThrowIfCancellationRequested();
            Add(PositivePhase(Begin(net.Machines[s], net.VisibleShape(s), batch, options, new RandomSource(seed, s, 1))));
            cancellation.ThrowIfCancellationRequested();
            if (net.Machines[s].Hidden == HiddenUnits.Binary) Add(ExactGradient(net.Machines[s], net.VisibleShape(s), options, new RandomSource(seed, s, 2)));
        }

        return new GradientReport(rows);

        void Add(GradientCheckRow row)
        {
            rows.Add(row);
            progress?.Report(row);
        }
    }

    /// <summary>A machine with parameters large enough to matter, a batch that it may see, and the source that goes on.</summary>
    private static Subject Begin(RbmDescription description, Sizes visibleShape, int batch, PlanOptions options, RandomSource random)
    {
        var machine = new Rbm<double>(description, visibleShape, batch, unchecked((long)random.NextBits()), options);
        // Ten times as large as they begin: inputs of about 1, where no unit is nearly linear.
        TensorPrimitives.Multiply(machine.Kernel, 10, machine.Kernel);
        foreach (ref var bias in machine.HiddenBias) bias = 0.3 * random.NextNormal();
        foreach (ref var bias in machine.VisibleBias) bias = 0.3 * random.NextNormal();
        var visible = new double[machine.VisibleElements];
        foreach (ref var v in visible.AsSpan()) v = description.Visible == VisibleUnits.Gaussian ? random.NextNormal() : random.NextDouble();
        return new Subject(machine, visible, random);
    }

    private static GradientCheckRow PositivePhase(Subject subject)
    {
        var (machine, visible, random) = subject;
        var hidden = new double[machine.HiddenElements];
        var gradients = Gradients.Of(machine);
        machine.HiddenMeans(visible, hidden);
        machine.Statistics(visible, hidden, gradients.Kernel, gradients.HiddenBias, gradients.VisibleBias, 1, accumulate: false);
        if (machine.Description.Visible == VisibleUnits.Gaussian)
        {
            // −∂F/∂c is Σ (v − c) over examples and positions.
            var places = (double)visible.Length / machine.VisibleBias.Length;
            for (var c = 0; c < machine.VisibleBias.Length; c++) gradients.VisibleBias[c] -= places * machine.VisibleBias[c];
        }

        var adjoint = Adjoint(machine, visible, ref random);
        var energies = new double[machine.Batch];
        var differences = new DifferenceProbe(
            () =>
            {
                machine.FreeEnergy(visible, energies);
                return energies;
            },
            [.. Enumerable.Repeat(-1.0, machine.Batch)]);
        return Row(machine, "positive phase", adjoint, gradients, differences, ref random);
    }

    private static GradientCheckRow ExactGradient(RbmDescription description, Sizes visibleShape, PlanOptions options, RandomSource random)
    {
        var (small, shape) = SmallMachine.Of(description, visibleShape);
        (var machine, var visible, random) = Begin(small, shape, SmallBatch, options, random);
        var hidden = new double[machine.HiddenElements];
        var gradients = Gradients.Of(machine);
        machine.HiddenMeans(visible, hidden);
        machine.Statistics(visible, hidden, gradients.Kernel, gradients.HiddenBias, gradients.VisibleBias, 1, accumulate: false);
        foreach (var gradient in gradients.All) TensorPrimitives.Divide(gradient, machine.Batch, gradient);
        new RbmEnumeration<double>(machine).SubtractStatistics(machine.LogPartition(), gradients.Kernel, gradients.HiddenBias, gradients.VisibleBias);
        var likelihood = new double[1];
        var differences = new DifferenceProbe(
            () =>
            {
                likelihood[0] = machine.LogLikelihood(visible, machine.LogPartition());
                return likelihood;
            },
            [1]);
        return Row(machine, "exact gradient", null, gradients, differences, ref random);
    }

    /// <summary>The worst relative error of ⟨A v, h⟩ = ⟨v, Aᵀ h⟩ = ⟨K, g(h, v)⟩.</summary>
    private static double Adjoint(Rbm<double> machine, double[] visible, ref RandomSource random)
    {
        var (output, direction) = (new double[machine.HiddenElements], new double[machine.HiddenElements]);
        var (back, kernel) = (new double[visible.Length], new double[machine.Kernel.Length]);
        LayerProbe.Fill(direction, ref random);
        machine.Run.Forward(visible, machine.Kernel, [], output);
        machine.Run.InputGradient(machine.Kernel, direction, back);
        machine.Run.KernelGradient(visible, direction, kernel, []);
        var forward = TensorPrimitives.Dot<double>(output, direction);
        var transposed = TensorPrimitives.Dot<double>(visible, back);
        var weights = TensorPrimitives.Dot<double>(machine.Kernel, kernel);
        var length = TensorPrimitives.Norm<double>(output) * TensorPrimitives.Norm<double>(direction);
        return Math.Max(DifferenceProbe.RelativeError(forward, transposed, length), DifferenceProbe.RelativeError(forward, weights, length));
    }

    private static GradientCheckRow Row(Rbm<double> machine, string phase, double? adjoint, Gradients gradients, DifferenceProbe differences, ref RandomSource random)
    {
        var least = Negligible * gradients.All.Max(DifferenceProbe.Largest);
        double error = 0;
        var worst = "";
        Compare(machine.Kernel, gradients.Kernel, "kernel", ref random);
        if (gradients.HiddenBias.Length > 0) Compare(machine.HiddenBias, gradients.HiddenBias, "hiddenBias", ref random);
        Compare(machine.VisibleBias, gradients.VisibleBias, "visibleBias", ref random);
        return new GradientCheckRow
        {
            Layer = $"{machine.Description.Label} {phase}",
            Kind = "rbm",
            Output = machine.Run.Plan.OutputShape,
            AdjointError = adjoint,
            DifferenceError = error,
            Worst = worst,
            Compared = differences.Compared,
            PassedOver = differences.PassedOver,
            Passed = !(adjoint > GradientCheck.AdjointTolerance) && error <= GradientCheck.DifferenceTolerance && differences.Compared > 0,
        };

        void Compare(Span<double> values, double[] gradient, string name, ref RandomSource random)
        {
            var found = differences.Worst(values, gradient, least, ElementsAlone, ref random);
            if (!(found > error)) return;
            error = found;
            worst = name;
        }
    }

    private sealed record Subject(Rbm<double> Machine, double[] Visible, RandomSource Random);

    /// <summary>The derivative for each parameter.</summary>
    private sealed record Gradients(double[] Kernel, double[] HiddenBias, double[] VisibleBias)
    {
        public IEnumerable<double[]> All => HiddenBias.Length > 0 ? [Kernel, HiddenBias, VisibleBias] : [Kernel, VisibleBias];

        public static Gradients Of(Rbm<double> machine) => new(new double[machine.Kernel.Length], new double[machine.HiddenBias.Length], new double[machine.VisibleBias.Length]);
    }
}
