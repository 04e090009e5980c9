using System.Text.Json;
using Tessera.Networks;

namespace Tessera.Files;

/// <summary>How layers of one kind stand in a model file.</summary>
/// <param name="Word">The value of the key <c>layer</c>.</param>
/// <param name="Read">Makes the layer of its own keys.</param>
/// <param name="Write">Writes its own keys.</param>
internal sealed record LayerKind(string Word, Func<LocatedObject, Layer> Read, Action<Utf8JsonWriter, Layer> Write)
{
    public static LayerKind Of<T>(string word, Func<LocatedObject, T> read, Action<Utf8JsonWriter, T>? write = null)
        where T : Layer => new(word, read, (writer, layer) => write?.Invoke(writer, (T)layer));
}
