using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Training;

/// <summary>
/// A certificate for a user's own network, in double. Each layer, compiled alone at its real shape: the adjoint identities where it is
/// linear, and finite differences of a random functional ⟨r, f(v, θ)⟩ for its inputs and parameters. The whole network with its loss:
/// finite differences for its parameters. Directions at a kink of relu or of a maximum are passed over.
/// </summary>
public static class GradientCheck
{
    /// <summary>The largest error of an adjoint identity, over the lengths of its vectors, that rounding explains.</summary>
    public const double AdjointTolerance = 1e-11;

    /// <summary>The largest relative error against finite differences that rounding explains.</summary>
    public const double DifferenceTolerance = 1e-5;

    private const int ElementsAlone = 6;

    /// <summary>The part of the largest gradient of all below which a gradient may be rounding alone, as that of a bias before a normalisation.</summary>
    private const double Negligible = 1e-5;

    /// <summary>Checks every layer, and the whole network with its loss.</summary>
    /// <param name="network">The network.</param>
    /// <param name="loss">The loss it is to be trained with.</param>
    /// <param name="batch">Examples in a pass; from 2, so that batch normalisation has something to normalise.</param>
    /// <param name="seed">What inputs, parameters and directions are drawn from.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <param name="progress">Told of each row as it is known.</param>
    /// <param name="cancellation">Asked between layers.</param>
    /// <exception cref="ArgumentException">The network does not go with the loss, or the batch is below 2.</exception>
    public static GradientReport Run(
        NetworkDescription network, Loss loss, int batch = 3, long seed = 1, int threads = 0, IProgress<GradientCheckRow>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 2);
        loss.Check();
        var trained = LossHead.ForLoss(network, loss);
        var rows = new List<GradientCheckRow>();
        var start = NetworkParameters<double>.Create(network, seed);
        for (var index = 0; index < network.Layers.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            Add(CheckLayer(network, index, batch, start, threads, new RandomSource(seed, index, 1)));
        }

        cancellation.ThrowIfCancellationRequested();
        Add(CheckNetwork(trained, loss, batch, start.For(trained), threads, new RandomSource(seed, -1, 1)));
        return new GradientReport(rows);

        void Add(GradientCheckRow row)
        {
            rows.Add(row);
            progress?.Report(row);
        }
    }

    private static GradientCheckRow CheckLayer(NetworkDescription network, int index, int batch, NetworkParameters<double> start, int threads, RandomSource random)
    {
        var probe = new LayerProbe(network, index, batch, start, threads, ref random);
        var adjoint = AdjointCheck.Worst(probe, ref random);
        probe.Forward();
        probe.Backward();
        var least = Negligible * probe.InputGradients.Concat(probe.ParameterGradients).Select(DifferenceProbe.Largest).DefaultIfEmpty().Max();
        var differences = new DifferenceProbe(
            () =>
            {
                probe.Forward();
                return probe.Output;
            },
            probe.Direction);
        double error = 0;
        var worst = "";
        for (var i = 0; i < probe.Inputs.Length; i++)
            Compare(probe.Inputs[i], probe.InputGradients[i], probe.Inputs.Length == 1 ? "input" : network.Layers[index].Inputs[i], ref random);
        for (var p = 0; p < probe.Parameters.Length; p++) Compare(probe.Parameters[p], probe.ParameterGradients[p], probe.ParameterNames[p], ref random);
        return Row(network.Layers[index].Name, network.Layers[index].Kind, probe.OutputShape, adjoint, error, worst, differences, mayBeEmpty: probe.Inputs.Length + probe.Parameters.Length == 0);

        void Compare(double[] values, double[] gradient, string name, ref RandomSource random)
        {
            var found = differences.Worst(values, [.. gradient], least, ElementsAlone, ref random);
            if (!(found > error)) return;
            error = found;
            worst = name;
        }
    }

    private static GradientCheckRow CheckNetwork(NetworkDescription network, Loss loss, int batch, NetworkParameters<double> parameters, int threads, RandomSource random)
    {
        var how = new ExecutionOptions { Training = true, Threads = threads, Seed = unchecked((long)random.NextBits()) };
        var execution = new FlatExecution<double>(new NetworkExecution<double>(network, parameters.Clone(), batch, how));
        var shape = execution.Network.OutputShape;
        var input = new double[execution.Network.InputShape.Product];
        LayerProbe.Fill(input, ref random);
        var targets = Targets(OutputLayout.Of(shape, loss.Name), loss, ref random);
        loss.Evaluate<double>(shape, execution.Forward(input), targets, execution.OutputGradient);
        execution.Backward();
        double[][] gradients = [.. execution.Network.Gradients.Select(gradient => gradient.Span.ToArray())];
        var least = gradients.Length == 0 ? 0 : Negligible * gradients.Max(DifferenceProbe.Largest);
        var value = new double[2];
        var differences = new DifferenceProbe(
            () =>
            {
                value[0] = loss.Evaluate<double>(shape, execution.Forward(input), targets, []);
                value[1] = execution.Network.Penalty;
                return value;
            },
            [1, 1]);
        double error = 0;
        var worst = "";
        for (var p = 0; p < gradients.Length; p++)
        {
            var found = differences.Worst(execution.Network.Parameters.Trained[p].Span, gradients[p], least, ElementsAlone, ref random);
            if (!(found > error)) continue;
            error = found;
            worst = execution.Network.Gradients[p].Name;
        }

        return Row("", loss.Name, shape, null, error, worst, differences, gradients.Length == 0);
    }

    private static GradientCheckRow Row(
        string layer, string kind, Sizes output, double? adjoint, double error, string worst, DifferenceProbe differences, bool mayBeEmpty = false) => new()
        {
            Layer = layer,
            Kind = kind,
            Output = output,
            AdjointError = adjoint,
            DifferenceError = error,
            Worst = worst,
            Compared = differences.Compared,
            PassedOver = differences.PassedOver,
            Passed = !(adjoint > AdjointTolerance) && error <= DifferenceTolerance && (mayBeEmpty || differences.Compared > 0),
        };

    /// <summary>Something to train towards that suits the loss: one class at each position, probabilities, or any numbers.</summary>
    private static double[] Targets(OutputLayout layout, Loss loss, ref RandomSource random)
    {
        var targets = new double[layout.Count];
        switch (loss)
        {
            case CrossEntropy:
                for (var n = 0; n < layout.Examples; n++)
                {
                    for (var p = 0; p < layout.Positions; p++)
                        targets[(((n * layout.Channels) + random.NextInt(layout.Channels)) * layout.Positions) + p] = 1;
                }

                break;
            case BinaryCrossEntropy:
                foreach (ref var target in targets.AsSpan()) target = random.NextDouble();
                break;
            default:
                LayerProbe.Fill(targets, ref random);
                break;
        }

        return targets;
    }
}
