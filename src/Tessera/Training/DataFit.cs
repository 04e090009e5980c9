using Tessera.Data;
using Tessera.Networks;

namespace Tessera.Training;

/// <summary>Whether a dataset suits a network and a loss: asked before any work.</summary>
internal static class DataFit
{
    /// <summary>Throws where samples, labels or targets do not fit; the message has both sides and a way out.</summary>
    /// <param name="data">The data.</param>
    /// <param name="network">The network whose output the loss takes.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="target">What the loss compares the output with.</param>
    /// <param name="isNormalised">Whether samples are normalised before the network sees them.</param>
    /// <param name="what">What messages call the data.</param>
    public static void Check(Dataset data, NetworkDescription network, Loss loss, TrainingTarget target, bool isNormalised, string what)
    {
        CheckSamples(data, network.InputShape, what);
        var output = network.OutputShape(1);
        if (target == TrainingTarget.Input) CheckInput(data, network.InputShape, output.From(1), loss, isNormalised, what);
        else if (data.IsLabelled) CheckLabels(data, output, loss, what);
        else if (data.TargetShape != output.From(1))
        {
            throw new ArgumentException(
                $"{what}: targets are {data.TargetShape}, but the network's output is {output.From(1)}; end the network with a layer that gives {data.TargetShape}, or bring the targets to {output.From(1)}.", nameof(data));
        }
    }

    /// <summary>Throws where the samples alone do not fit what a model takes.</summary>
    public static void CheckSamples(Dataset data, Sizes input, string what)
    {
        if (data.Count == 0) throw new ArgumentException($"{what}: there are none.", nameof(data));
        if (data.SampleShape == input) return;
        var way = data.SampleShape.Product == input.Product
            ? $"there are equally many numbers, so that the dataset's WithSampleShape([{string.Join(", ", input)}]) may be what is wanted"
            : $"give the network the input [{string.Join(", ", data.SampleShape)}], or bring the samples to {input}";
        throw new ArgumentException($"{what}: samples are {data.SampleShape}, but the network's input is {input}; {way}.", nameof(data));
    }

    private static void CheckInput(Dataset data, Sizes input, Sizes output, Loss loss, bool isNormalised, string what)
    {
        if (output != input)
        {
            throw new ArgumentException(
                $"{what}: the output is to be compared with the input, but the network's output is {output} and its input {input}; end the network with a layer that gives {input}, such as the tied transpose of its first layer, or a reshape.", nameof(data));
        }

        if (loss is not BinaryCrossEntropy) return;
        if (isNormalised)
            throw new ArgumentException($"{what}: {loss.Name} towards the input takes samples for probabilities, from 0 to 1, and normalised ones lie outside; leave normalise out, or use mean squared error.", nameof(data));
        if (data.FirstOutside(0, 1) is not (>= 0 and var sample)) return;
        throw new ArgumentException($"{what}: {loss.Name} towards the input takes samples for probabilities, from 0 to 1, and sample {sample} has values outside; bring the data to 0 … 1, or use mean squared error.", nameof(data));
    }

    private static void CheckLabels(Dataset data, Sizes output, Loss loss, string what)
    {
        var layout = OutputLayout.Of(output, loss.Name);
        if (layout.Positions != 1)
        {
            throw new ArgumentException(
                $"{what}: each sample has one label, but the network's output {output.From(1)} has {layout.Positions} positions; end the network with flatten and dense, or with global pooling.", nameof(data));
        }

        if (layout.Channels == 1 && loss is CrossEntropy)
            throw new ArgumentException($"{what}: {loss.Name} wants an output for each of the {data.ClassCount} classes, but the network has one; give the last layer {data.ClassCount} outputs, or train with binary cross-entropy.", nameof(data));
        var classes = Math.Max(2, layout.Channels);
        if (data.ClassCount <= classes) return;
        for (var i = 0; i < data.Count; i++)
        {
            if (data.Label(i) < classes) continue;
            throw new ArgumentException(
                $"{what}: sample {i} has label {data.Label(i)} ({data.ClassNames[data.Label(i)]}), but the network's {layout.Channels} outputs know the classes 0 … {classes - 1} alone; give the last layer {data.ClassCount} outputs.", nameof(data));
        }
    }
}
