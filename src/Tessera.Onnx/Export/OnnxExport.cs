using System.Numerics;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Onnx.Export;
using Tessera.Onnx.Format;

namespace Tessera.Onnx;

/// <summary>
/// Writes networks as ONNX models in standard operators alone, so that ONNX Runtime and whatever else reads the format computes what
/// inference here does. Numbers are float, also those of double networks. Nodes are called as the layers are, and initialisers as the
/// parameters; the input is <c>input</c>, and each output is called as its layer. docs/onnx.md has the operators of every layer.
/// </summary>
public static class OnnxExport
{
    /// <summary>Writes the network of <paramref name="parameters"/> as the file at <paramref name="path"/>, whole or not at all.</summary>
    /// <exception cref="NotSupportedException">Layers cannot be written (the message names all of them), or the model is longer than 2 GB.</exception>
    /// <exception cref="IOException">The folder does not exist or the disk is full; an old file stands.</exception>
    public static void Write<T>(string path, NetworkParameters<T> parameters, OnnxExportOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var message = ModelWriter.Write(Model(parameters, options));
        AtomicFile.Write(path, message.CopyTo);
    }

    /// <summary>Writes the network of <paramref name="parameters"/> to a stream, from where it stands.</summary>
    /// <exception cref="NotSupportedException">As for the other; nothing has been written then.</exception>
    public static void Write<T>(Stream stream, NetworkParameters<T> parameters, OnnxExportOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        ModelWriter.Write(Model(parameters, options)).CopyTo(stream);
    }

    internal static OnnxModel Model<T>(NetworkParameters<T> parameters, OnnxExportOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        options = (options ?? OnnxExportOptions.Default).Checked();
        var graph = new NetworkWriter(parameters.Network, new ParametersOut<T>(parameters), options).Write();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [LayerMetadata.Network] = parameters.Network.Name };
        return new OnnxModel(graph)
        {
            IrVersion = options.Opset < 23 ? 10 : 11,
            Opset = options.Opset,
            Producer = options.Producer,
            ProducerVersion = typeof(OnnxExport).Assembly.GetName().Version?.ToString(3) ?? "",
            Metadata = metadata,
        };
    }
}
