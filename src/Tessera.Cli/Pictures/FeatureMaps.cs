using System.Globalization;
using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Imaging;
using Tessera.Networks.Layers;

namespace Tessera.Cli.Pictures;

/// <summary>What the layers of a network make of one image, as a sheet: a row for each layer with spatial axes, an image for each channel.</summary>
internal static class FeatureMaps
{
    private const int MostLayers = 40;

    /// <summary>Whether the network's input is one that can be shown at all.</summary>
    public static bool CanDraw(TrainedModel trained) => trained.Model.Network.InputShape.Count is >= 2 and <= 4;

    /// <summary>The sheet.</summary>
    /// <param name="trained">The network.</param>
    /// <param name="sample">One sample before normalisation, images from 0 to 1.</param>
    /// <param name="sampleName">What the heading calls it.</param>
    /// <param name="layer">The one layer to show, by its place, with all its channels; null for every layer.</param>
    /// <param name="threads">Threads to compute with.</param>
    public static ImageSheet Of(TrainedModel trained, ReadOnlyMemory<float> sample, string sampleName, int? layer = null, int threads = 0)
    {
        var network = trained.Model.Network;
        var execution = Run(trained, sample.Span, threads);
        var shapes = network.Shapes(1);
        List<SheetRow> rows = [new($"input\n{network.InputShape}", [new SheetImage(sample, network.InputShape)])];
        var shown = Enumerable.Range(0, network.Layers.Count).Where(index => layer is null
            ? shapes[index].Count is >= 3 and <= 5 && shapes[index][0] == 1 && network.Layers[index] is not (Dropout or Constant)
            : index == layer).ToArray();
        foreach (var index in shown.Take(MostLayers)) rows.AddRange(ChannelMaps.Of(network.Layers[index].Name, Activation(execution, network.Layers[index].Name), shapes[index].From(1), [1, .. shapes[index].From(2).AsSpan()], layer is null ? ChannelMaps.PerRow : 8 * ChannelMaps.PerRow));
        var remark = ChannelMaps.Scale(network.InputShape);
        if (shown.Length > MostLayers) remark += string.Create(CultureInfo.InvariantCulture, $"; the first {MostLayers} of {shown.Length} layers");
        return new ImageSheet($"Feature maps of {sampleName}", rows) { Side = ChannelMaps.Side, Remark = remark };
    }

    private static NetworkExecution<float> Run(TrainedModel trained, ReadOnlySpan<float> sample, int threads)
    {
        var model = trained.Model;
        var execution = new NetworkExecution<float>(model.Network, trained.Parameters, 1, new ExecutionOptions { Threads = threads, Exact = model.Training.Exact, KeepActivations = true });
        var values = sample.ToArray();
        model.Data.ForInference.Apply(values, new float[values.Length], model.Network.InputShape, 0, 0, 0);
        execution.Forward(new ReadOnlyTensorSpan<float>(values, execution.InputShape.ToLengths()));
        return execution;
    }

    private static float[] Activation(NetworkExecution<float> execution, string layer)
    {
        var activation = execution.Activation(layer);
        var values = new float[activation.FlattenedLength];
        activation.FlattenTo(values);
        return values;
    }
}
