using System.Collections;
using System.Runtime.CompilerServices;

namespace Tessera.Networks;

/// <summary>An immutable list of layer names with value equality, written as a collection expression: <c>["conv1", "skip"]</c>.</summary>
[CollectionBuilder(typeof(LayerNames), nameof(Create))]
public readonly struct LayerNames : IEquatable<LayerNames>, IReadOnlyList<string>
{
    private readonly string[]? names;

    private LayerNames(string[] names) => this.names = names;

    /// <summary>No names.</summary>
    public static LayerNames Empty => default;

    /// <inheritdoc/>
    public int Count => names?.Length ?? 0;

    /// <inheritdoc/>
    public string this[int index] => AsSpan()[index];

    /// <summary>A copy of <paramref name="names"/>.</summary>
    public static LayerNames Create(ReadOnlySpan<string> names) => new(names.ToArray());

    /// <summary>The names as a span, without a copy.</summary>
    public ReadOnlySpan<string> AsSpan() => names;

    /// <inheritdoc/>
    public bool Equals(LayerNames other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is LayerNames other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var name in AsSpan()) hash.Add(name, StringComparer.Ordinal);
        return hash.ToHashCode();
    }

    /// <summary>The names between commas.</summary>
    public override string ToString() => string.Join(", ", this);

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)(names ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The same names in the same order.</summary>
    public static bool operator ==(LayerNames left, LayerNames right) => left.Equals(right);

    /// <summary>Other names, or another order.</summary>
    public static bool operator !=(LayerNames left, LayerNames right) => !left.Equals(right);
}
