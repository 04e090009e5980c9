using Tessera.Files;

namespace Tessera.Weights;

/// <summary>The arrays of one layer of a Keras model.</summary>
/// <param name="Name">The layer's name, such as <c>locally_connected2d</c>.</param>
/// <param name="Weights">Its arrays in Keras' order, under names whose last part says what they are: <c>locally_connected2d/kernel:0</c>.</param>
public sealed record KerasLayer(string Name, IReadOnlyList<KeyValuePair<string, NpyArray>> Weights)
{
    /// <summary>The arrays of a .npz file by layers: an array is called <c>layer/kernel:0</c>, and layers come in the order of the file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or an array's name has no layer before a slash.</exception>
    public static IReadOnlyList<KerasLayer> ReadNpz(string path)
    {
        return Group(NpzFile.Names(path).Select(name => name.LastIndexOf('/') > 0
            ? new KeyValuePair<string, NpyArray>(name, NpzFile.Read(path, name))
            : throw new InvalidDataException($"{path}: the array '{name}' names no layer; save Keras' weights under their own names: numpy.savez(path, **{{w.name: w.numpy() for w in model.weights}}).")));
    }

    /// <summary>Arrays by what stands before the last slash of their names, in the order of the first of each.</summary>
    /// <param name="weights">Arrays under names such as <c>dense/kernel:0</c>.</param>
    public static IReadOnlyList<KerasLayer> Group(IEnumerable<KeyValuePair<string, NpyArray>> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return [.. weights.GroupBy(static weight => weight.Key[..Math.Max(0, weight.Key.LastIndexOf('/'))], StringComparer.Ordinal).Select(static group => new KerasLayer(group.Key, [.. group]))];
    }

    /// <summary>The array whose name's last part, without <c>:0</c>, is one of <paramref name="kinds"/>; null where there is none.</summary>
    internal NpyArray? Find(params ReadOnlySpan<string> kinds)
    {
        foreach (var (name, array) in Weights)
        {
            var end = name.LastIndexOf(':');
            var kind = (end < 0 ? name : name[..end])[(name.LastIndexOf('/') + 1)..];
            if (kinds.Contains(kind)) return array;
        }

        return null;
    }
}
