using Tessera.Execution;
using Tessera.Networks;
using Tessera.Onnx;

namespace Tessera.Bench;

/// <summary>A network described here, with weights that are made when they are first asked for.</summary>
internal sealed class DescribedSubject(string name, Func<NetworkDescription> make) : InferenceSubject
{
    private readonly Lazy<NetworkDescription> network = new(make);
    private NetworkParameters<float>? parameters;
    private string? onnxFile;

    public override string Name => name;

    public override IReadOnlyList<int> Batches => [1, 8];

    public override NetworkDescription Network => network.Value;

    /// <summary>Whole networks add up more rounding than one operator, but less is asked of them than of training.</summary>
    public override double Tolerance => 1e-4;

    public override IReadOnlyList<string> Outputs => [Network.Layers[^1].Name];

    public override IReadOnlyList<string> OpenSizes => ["batch", "", "", ""];

    /// <summary>Weights by the layers' defaults, which keep values of one size from layer to layer; normalisations move that a little, those before a sum a lot, as in trained networks.</summary>
    public override NetworkParameters<float> Parameters()
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

    /// <summary>Written into a temporary file when it is first asked for.</summary>
    public override string OnnxFile()
    {
        if (onnxFile is not null) return onnxFile;
        var file = Path.Combine(Path.GetTempPath(), $"tessera-bench-{Environment.ProcessId}-{Name}.onnx");
        OnnxExport.Write(file, Parameters());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(file);
        return onnxFile = file;
    }

    public override void FillImages(Span<float> values)
    {
        var source = new RandomSource(9, 1);
        foreach (ref var value in values) value = (float)source.NextNormal();
    }
}
