using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Bench;

/// <summary>A network that inference is measured with, its weights, and the ONNX model that the peers run.</summary>
internal abstract class InferenceSubject
{
    /// <summary>The well-known networks with seeded weights; then the models that others trained.</summary>
    public static IReadOnlyList<InferenceSubject> All { get; } =
    [
        new DescribedSubject("resnet50", InferenceNetworks.ResNet50), new DescribedSubject("vgg19", InferenceNetworks.Vgg19),
        new DescribedSubject("squeezenet", InferenceNetworks.SqueezeNet), new DescribedSubject("mobilenet", InferenceNetworks.MobileNet),
        .. PublishedSubject.Found(),
    ];

    /// <summary>What its rows are called, before the batch.</summary>
    public abstract string Name { get; }

    /// <summary>The batches that are measured.</summary>
    public abstract IReadOnlyList<int> Batches { get; }

    public abstract NetworkDescription Network { get; }

    /// <summary>How far results of different systems may lie apart, in parts of the largest value.</summary>
    public abstract double Tolerance { get; }

    /// <summary>What the largest value is taken to be at least.</summary>
    public virtual double LeastSize => 0;

    /// <summary>The layers that the model's outputs are, in the model's order.</summary>
    public abstract IReadOnlyList<string> Outputs { get; }

    /// <summary>What the model calls each size of its input; empty where it is a number.</summary>
    public abstract IReadOnlyList<string> OpenSizes { get; }

    public long MultiplyAdds => NetworkPlan.Of<float>(Network, 1).MultiplyAdds;

    public abstract NetworkParameters<float> Parameters();

    /// <summary>The network as an ONNX model.</summary>
    public abstract string OnnxFile();

    /// <summary>Random numbers such as the network is made for.</summary>
    public abstract void FillImages(Span<float> values);

    /// <summary>The shapes of the outputs for a batch, in the model's order.</summary>
    public IReadOnlyList<Sizes> OutputShapes(int batch)
    {
        var shapes = Network.Shapes(batch);
        var names = Network.Layers.Select(static layer => layer.Name).ToList();
        return [.. Outputs.Select(name => shapes[names.IndexOf(name)])];
    }
}
