using Tessera.Onnx.Format;
using Tessera.Onnx.Import;

namespace Tessera.Onnx;

/// <summary>
/// Makes Tessera networks of ONNX models (opsets 7 to 23): each node becomes a layer, or is computed while importing where it does not
/// depend on the input's numbers. Batch normalisation and dropout stay layers of their own, so that the network can be trained on.
/// </summary>
public static class OnnxImport
{
    /// <summary>The first and the last version of the standard operators that is read.</summary>
    internal const int FirstOpset = 1, LastOpset = 23;

    /// <summary>The network in the file at <paramref name="path"/>; tensors kept outside of it are read from its own folder alone.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is no ONNX model or damaged; or it uses operators that are not read (the message lists all of them with their nodes); or it
    /// needs what <paramref name="options"/> must say.
    /// </exception>
    public static ImportedNetwork Read(string path, OnnxImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new GraphImport(ModelReader.ReadFile(path), path, options ?? new OnnxImportOptions()).Run();
    }

    /// <summary>The network in these bytes.</summary>
    /// <param name="model">A whole ONNX file.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="options">What the model does not say.</param>
    /// <exception cref="InvalidDataException">As for <see cref="Read"/>; tensors kept outside of the model are refused.</exception>
    public static ImportedNetwork Parse(ReadOnlyMemory<byte> model, string name = "model", OnnxImportOptions? options = null) =>
        new GraphImport(ModelReader.Parse(model, name), name, options ?? new OnnxImportOptions()).Run();
}
