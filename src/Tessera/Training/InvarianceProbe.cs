using System.Numerics;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>
/// Looks at what a network's maxima have learnt to be invariant to: turns samples, and asks how far features before and after the maxima move, which
/// member wins each maximum at which angle, and how many samples are still got right. Pooling over separately parametrised filters can learn to answer alike
/// to a pattern at several angles, each met by another filter; pooling one filter over positions can not (Goodfellow et al. 2016, section 9.3).
/// </summary>
public sealed class InvarianceProbe<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly ModelDescription model;
    private readonly NetworkParameters<T> parameters;
    private readonly InvarianceDescription description;
    private readonly PlanOptions options;
    private readonly double[] angles;
    private readonly string layer;
    private readonly string before;
    private readonly PoolingMembers members;

    /// <summary>A probe of a trained network.</summary>
    /// <param name="model">The model, its normalisation measured.</param>
    /// <param name="parameters">The network's parameters.</param>
    /// <param name="description">What to look at.</param>
    /// <param name="options">Threads and instructions.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or there is no such layer of maxima.</exception>
    public InvarianceProbe(ModelDescription model, NetworkParameters<T> parameters, InvarianceDescription? description = null, PlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(parameters);
        (this.model, this.parameters) = (model, parameters);
        this.description = description ??= new InvarianceDescription();
        this.options = options ?? PlanOptions.Default;
        angles = [.. description.Angles()];
        var network = model.Network;
        if (network.InputShape.Count < 3) throw new ArgumentException($"invariance: samples of {network.InputShape} cannot be turned; channels, height and width are needed.");
        var index = Find(network, description.Layer);
        layer = network.Layers[index].Name;
        var source = network.Graph.Sources[index][0];
        before = source < 0 ? NetworkDescription.InputName : network.Layers[source].Name;
        members = PoolingMembers.Of(network, index);
    }

    private int Upright => angles.Length / 2;

    /// <summary>Turns samples and reports.</summary>
    /// <param name="data">The samples: all are turned for the accuracy, the first of them for the changes.</param>
    /// <param name="index">The one sample whose features are shown.</param>
    /// <param name="cancellation">Asked between samples.</param>
    /// <exception cref="ArgumentException">The samples do not fit the network, are too few, or there is no such one.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public InvarianceReport Run(Dataset data, int index = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        DataFit.CheckSamples(data, model.Network.InputShape, "samples");
        if (data.Count < 2) throw new ArgumentException($"invariance: {data.Count} samples; at least 2 are needed, since a change is measured against the distance between two.", nameof(data));
        if (index < 0 || index >= data.Count) throw new ArgumentException($"invariance: there is no sample {index} among {data.Count}; give 0 to {data.Count - 1}.", nameof(index));
        var how = new ExecutionOptions { KeepActivations = true, Threads = options.Threads, Instructions = options.Instructions, Exact = options.Exact };
        var execution = new NetworkExecution<T>(model.Network, parameters, angles.Length, how);
        var (narrow, wide) = (new FeatureChange(angles.Length, (int)members.Output.Product), new FeatureChange(angles.Length, (int)members.Input.Product));
        var (kept, active) = (new long[angles.Length], 0L);
        for (var sample = 0; sample < Math.Min(description.Samples, data.Count); sample++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (input, output) = Look(execution, Turned(data, sample));
            wide.Add(input, Upright);
            narrow.Add(output, Upright);
            active += CountWinners(input, output, kept);
        }

        var shown = Turned(data, index);
        var (values, maxima) = Look(execution, shown);
        return new InvarianceReport
        {
            Layer = layer,
            Angles = angles,
            Accuracy = data.IsLabelled ? Accuracy(data, cancellation) : [],
            ChangeBefore = wide.Relative(),
            ChangeAfter = narrow.Relative(),
            SameWinner = [.. kept.Select(count => active == 0 ? 1 : count / (double)active)],
            Features = Features(values, maxima),
            Turned = shown,
            SampleShape = data.SampleShape,
        };
    }

    private static int Find(NetworkDescription network, string? name)
    {
        string[] names = [.. network.Layers.Where(layer => layer is MaxPool or ChannelPool).Select(layer => layer.Name)];
        var known = names.Length > 0 ? $"those that do are {string.Join(", ", names)}" : "the network has none that does";
        if (name is null && names.Length == 0) throw new ArgumentException("invariance: the network has no layer that takes maxima (max-pool, channel-pool), and so nothing to look at.");
        var index = Array.FindIndex([.. network.Layers], layer => layer.Name == (name ?? names[0]));
        if (index < 0) throw new ArgumentException($"invariance: there is no layer '{name}' to take maxima; {known}.");
        return network.Layers[index] is MaxPool or ChannelPool ? index : throw new ArgumentException($"invariance: '{name}' takes no maxima; {known}.");
    }

    /// <summary>A sample at every angle, before normalisation.</summary>
    private float[][] Turned(Dataset data, int sample)
    {
        var scratch = new float[data.SampleShape.Product];
        return [.. angles.Select(angle =>
        {
            var turned = new float[scratch.Length];
            data.Read(sample, turned);
            RandomRotation.Turn(turned, scratch, data.SampleShape, angle);
            return turned;
        })];
    }

    /// <summary>What stands before and after the maxima at every angle.</summary>
    private (double[][] Before, double[][] After) Look(NetworkExecution<T> execution, float[][] turned)
    {
        var (shape, length) = (model.Network.InputShape, turned[0].Length);
        var (input, scratch) = (new T[turned.Length * length], new float[length]);
        for (var angle = 0; angle < turned.Length; angle++)
        {
            var sample = turned[angle].ToArray();
            model.Data.ForInference.Apply(sample, scratch, shape, 0, 0, 0);
            for (var i = 0; i < length; i++) input[(angle * length) + i] = T.CreateTruncating(sample[i]);
        }

        execution.Forward(input);
        return (Rows(execution, before), Rows(execution, layer));
    }

    private double[][] Rows(NetworkExecution<T> execution, string name)
    {
        var activation = execution.Activation(name);
        var flat = new T[activation.FlattenedLength];
        activation.FlattenTo(flat);
        return [.. flat.Chunk(flat.Length / angles.Length).Select(row => Array.ConvertAll(row, double.CreateTruncating))];
    }

    /// <summary>Adds up, for each angle, the maxima won by the same member as upright; gives how many there are.</summary>
    private int CountWinners(double[][] input, double[][] output, long[] kept)
    {
        var active = 0;
        for (var unit = 0; unit < output[Upright].Length; unit++)
        {
            if (output[Upright][unit] <= 0) continue;
            active++;
            var winner = members.Winner(unit, input[Upright]);
            for (var angle = 0; angle < angles.Length; angle++)
            {
                if (members.Winner(unit, input[angle]) == winner) kept[angle]++;
            }
        }

        return active;
    }

    private double[] Accuracy(Dataset data, CancellationToken cancellation)
    {
        var evaluator = new Evaluator<T>(model.Network, parameters, model.Training.Loss, Math.Min(100, data.Count), model.Data.Normalisation, options);
        var length = (int)data.SampleShape.Product;
        var (labels, scratch) = (new int[data.Count], new float[length]);
        for (var n = 0; n < labels.Length; n++) labels[n] = data.Label(n);
        return [.. angles.Select(angle =>
        {
            var turned = new float[data.Count * length];
            for (var n = 0; n < data.Count; n++)
            {
                data.Read(n, turned.AsSpan(n * length, length));
                RandomRotation.Turn(turned.AsSpan(n * length, length), scratch, data.SampleShape, angle);
            }

            return evaluator.Evaluate(Dataset.Create(turned, data.SampleShape, labels, data.ClassNames), cancellation).Accuracy!.Value;
        })];
    }

    private PooledFeature[] Features(double[][] input, double[][] output)
    {
        var positions = (int)members.Output.From(1).Product;
        var strides = members.Output.From(1).RowMajorStrides();
        return [.. Enumerable.Range(0, members.Output[0])
            .Select(channel => Enumerable.Range(channel * positions, positions).MaxBy(Mean))
            .OrderByDescending(Mean)
            .Take(description.Features)
            .Select(unit => new PooledFeature(
                unit / positions,
                [.. strides.Select((stride, axis) => (int)(unit % positions / stride % members.Output[axis + 1]))],
                [.. Enumerable.Range(0, members.Count).Select(member => members.Describe(unit, member))],
                [.. members.Places(unit).ToArray().SelectMany(place => input.Select(at => place < 0 ? double.NegativeInfinity : at[place]))],
                [.. input.Select(at => members.Winner(unit, at))]))];

        double Mean(int unit) => output.Average(at => at[unit]);
    }

    /// <summary>How far features move, against how far two samples are apart.</summary>
    private sealed class FeatureChange(int angles, int features)
    {
        private readonly double[] moved = new double[angles];
        private readonly double[] sum = new double[features];
        private double squares;
        private int count;

        public void Add(double[][] at, int upright)
        {
            for (var angle = 0; angle < moved.Length; angle++)
            {
                for (var i = 0; i < sum.Length; i++) moved[angle] += (at[angle][i] - at[upright][i]) * (at[angle][i] - at[upright][i]);
            }

            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += at[upright][i];
                squares += at[upright][i] * at[upright][i];
            }

            count++;
        }

        public double[] Relative()
        {
            // The mean square distance of two different samples is twice their variance, with n − 1 below.
            var apart = 2 * (squares - sum.Sum(value => value * value / count)) / (count - 1);
            return [.. moved.Select(square => square == 0 ? 0 : Math.Sqrt(square / count / apart))];
        }
    }
}
