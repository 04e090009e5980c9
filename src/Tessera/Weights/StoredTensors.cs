using System.Globalization;
using System.Numerics;
using Tessera.Files;

namespace Tessera.Weights;

/// <summary>The named tensors of a safetensors or a .npz file, told apart by the end of its name; headers first, numbers when asked for.</summary>
internal sealed class StoredTensors : IDisposable
{
    private readonly SafetensorsFile? safetensors;

    private StoredTensors(string path, SafetensorsFile? safetensors, IReadOnlyList<StoredTensor> tensors) => (Path, this.safetensors, Tensors) = (path, safetensors, tensors);

    public string Path { get; }

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <exception cref="InvalidDataException">The file is damaged, or is of neither kind.</exception>
    public static StoredTensors Open(string path)
    {
        if (IsNpz(path)) return new StoredTensors(path, null, [.. NpzFile.Headers(path).Select(array => new StoredTensor(array.Name, array.Type, array.Shape))]);
        var file = SafetensorsFile.Open(path);
        return new StoredTensors(path, file, [.. file.Entries.Select(entry => new StoredTensor(entry.Name, entry.Type, entry.Shape))]);
    }

    /// <summary>Whether a path is to be a .npz file, by the end of its name; all else is safetensors.</summary>
    public static bool IsNpz(string path) => path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>The numbers of a tensor, whose shape the caller has checked.</summary>
    /// <exception cref="InvalidDataException">They are whole numbers, or one is not finite, or the file is damaged there.</exception>
    public T[] Read<T>(StoredTensor tensor)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (tensor.Type.IsInteger()) throw new InvalidDataException($"{Path}: '{tensor.Name}' of {tensor.Shape} is {tensor.Type}; weights are floats.");
        T[] values;
        if (safetensors is null)
        {
            values = NpzFile.Read(Path, tensor.Name).ToArray<T>();
        }
        else
        {
            values = new T[checked((int)tensor.Shape.Product)];
            safetensors.Read<T>(tensor.Name, values);
        }

        var broken = Array.FindIndex(values, static value => !T.IsFinite(value));
        return broken < 0 ? values
            : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{Path}: element {broken} of '{tensor.Name}' of {tensor.Shape} is {values[broken]}, not a finite number."));
    }

    public void Dispose() => safetensors?.Dispose();
}
