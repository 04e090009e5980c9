using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Bench;

/// <summary>One run of a whole network on a batch of random images, with seeded weights.</summary>
internal sealed record InferenceWorkload(InferenceSubject Subject, int Batch, int Threads)
    : Workload(SuiteNames.Infer, $"{Subject.Network.Name}-b{Batch}", Operation.Forward, Threads)
{
    private float[]? images;

    public static IEnumerable<InferenceWorkload> All(int threads) =>
        from subject in InferenceSubject.All
        from batch in (int[])[1, 8]
        select new InferenceWorkload(subject, batch, threads);

    public override double FloatingPointOperations => 2.0 * Batch * Subject.MultiplyAdds;

    public override int Examples => Batch;

    /// <summary>Whole networks add up more rounding than one operator, but less is asked of them than of training.</summary>
    public override double Tolerance => 1e-4;

    public Sizes InputShape => [Batch, .. Subject.Network.InputShape.AsSpan()];

    public Sizes OutputShape => Subject.Network.OutputShape(Batch);

    public float[] Images()
    {
        if (images is not null) return images;
        var source = new RandomSource(9, 1);
        var values = new float[InputShape.Product];
        foreach (ref var value in values.AsSpan()) value = (float)source.NextNormal();
        return images = values;
    }
}

/// <summary>A network with its weights, made when they are first asked for.</summary>
internal sealed class InferenceSubject(Func<NetworkDescription> make)
{
    private readonly Lazy<NetworkDescription> network = new(make);
    private NetworkParameters<float>? parameters;
    private string? onnxFile;

    public static IReadOnlyList<InferenceSubject> All { get; } =
    [
        new(InferenceNetworks.ResNet50), new(InferenceNetworks.Vgg19), new(InferenceNetworks.SqueezeNet), new(InferenceNetworks.MobileNet),
    ];

    public NetworkDescription Network => network.Value;

    public long MultiplyAdds => NetworkPlan.Of<float>(Network, 1).MultiplyAdds;

    /// <summary>Weights by the layers' defaults, which keep values of one size from layer to layer; normalisations move that a little, those before a sum a lot, as in trained networks.</summary>
    public NetworkParameters<float> Parameters()
    {
        if (parameters is not null) return parameters;
        var made = NetworkParameters<float>.Create(Network, seed: 1);
        var source = new RandomSource(9, 4);
        foreach (var parameter in made)
        {
            if (parameter.Role == ParameterRole.Weight) continue;
            var isPositive = parameter.Role == ParameterRole.Scale || parameter.Name.EndsWith(".variance", StringComparison.Ordinal);
            var size = parameter.Role == ParameterRole.Scale && parameter.Name.EndsWith("-norm.scale", StringComparison.Ordinal) ? 0.3 : 1;
            foreach (ref var value in parameter.Span) value = (float)(size * ((isPositive ? 1 : 0) + (0.2 * ((2 * source.NextDouble()) - 1))));
        }

        return parameters = made;
    }

    /// <summary>The same network as an ONNX model in a temporary file.</summary>
    public string OnnxFile()
    {
        if (onnxFile is not null) return onnxFile;
        var file = Path.Combine(Path.GetTempPath(), $"tessera-bench-{Environment.ProcessId}-{Network.Name}.onnx");
        Contestants.OnnxNetworkFile.Write(file, Network, Parameters());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(file);
        return onnxFile = file;
    }
}
