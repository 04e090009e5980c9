using Microsoft.ML.OnnxRuntime;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Onnx;

namespace Tessera.Bench;

/// <summary>A model that others trained and publish: peers run the file itself, this library what it imports of it.</summary>
internal sealed class PublishedSubject(string path) : InferenceSubject
{
    /// <summary>The variable that names a folder of models.</summary>
    public const string Folder = "TESSERA_MODELS";

    /// <summary>Sizes for models that leave them open.</summary>
    private static readonly Dictionary<string, Sizes> Shapes = new(StringComparer.Ordinal)
    {
        ["ch_PP-OCRv4_det_infer"] = [3, 320, 320],
        ["ch_PP-OCRv4_rec_infer"] = [3, 48, 320],
        ["ch_ppocr_mobile_v2.0_cls_infer"] = [3, 48, 192],
    };

    private readonly Lazy<ImportedNetwork> imported = new(() => OnnxImport.Read(path, new OnnxImportOptions { InputShape = Shapes.GetValueOrDefault(Path.GetFileNameWithoutExtension(path)) }));
    private readonly Lazy<NodeMetadata> input = new(() =>
    {
        using var session = new InferenceSession(path);
        return session.InputMetadata.Values.First();
    });

    public override string Name => Path.GetFileNameWithoutExtension(path);

    /// <summary>A model made for one example takes no more.</summary>
    public override IReadOnlyList<int> Batches => input.Value.Dimensions[0] < 0 ? [1, 8] : [1];

    public override IReadOnlyList<string> OpenSizes => input.Value.SymbolicDimensions;

    public override NetworkDescription Network => imported.Value.Network;

    /// <summary>The runtime's own logistic function is off by 1e-7 whatever its size, and some outputs are nearly zero everywhere; the tests of the import are stricter.</summary>
    public override double Tolerance => 2e-3;

    public override double LeastSize => 1e-2;

    public override IReadOnlyList<string> Outputs => [.. imported.Value.Outputs.Select(static output => output.Layer)];

    /// <summary>The models in the folder that the variable names, if any.</summary>
    public static IEnumerable<PublishedSubject> Found() => Environment.GetEnvironmentVariable(Folder) is { Length: > 0 } folder
        ? Directory.EnumerateFiles(folder, "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(static path => new PublishedSubject(path))
        : [];

    public override NetworkParameters<float> Parameters() => imported.Value.Parameters;

    public override string OnnxFile() => path;

    public override void FillImages(Span<float> values)
    {
        // The line detectors take pixels from 0 to 255; the others, from 0 to 1.
        var most = Name.StartsWith("mlsd", StringComparison.Ordinal) ? 255 : 1;
        // The noise of the import's tests: the detectors keep local maxima alone, and of other noise rounding decides which of two nearly equal ones stays.
        var source = new RandomSource(7, 1);
        foreach (ref var value in values) value = (float)source.NextDouble() * most;
    }
}
