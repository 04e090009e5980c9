using Tessera.Onnx;
using Tessera.Onnx.Format;

namespace Tessera.Fuzz;

/// <summary>The readers of ONNX models: the format alone, and the way to a network with its parameters.</summary>
internal static class OnnxReaders
{
    public static IReadOnlyList<HostileReader> All { get; } =
    [
        new("onnx-format", 256, 1L << 20, static bytes => ModelReader.Parse(bytes, "hostile")),
        new("onnx", 1024, 64L << 20, static bytes => OnnxImport.Parse(bytes, "hostile")),
        new("onnx-unbatched", 1024, 64L << 20, static bytes => OnnxImport.Parse(bytes, "hostile", new OnnxImportOptions { FirstAxisIsBatch = false })),
    ];
}
