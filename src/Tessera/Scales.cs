using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Tessera;

/// <summary>
/// A short immutable list of real numbers with value equality, one per axis: by how much each is made longer or shorter.
/// Written as a collection expression: <c>Scales scales = [2, 0.5];</c>.
/// </summary>
[CollectionBuilder(typeof(Scales), nameof(Create))]
public readonly struct Scales : IEquatable<Scales>, IReadOnlyList<double>
{
    private readonly double[]? values;

    private Scales(double[] values) => this.values = values;

    /// <summary>No scales at all.</summary>
    public static Scales Empty => default;

    /// <summary>The number of axes.</summary>
    public int Count => values?.Length ?? 0;

    /// <summary>The scale of one axis; <paramref name="axis"/> from 0.</summary>
    public double this[int axis] => AsSpan()[axis];

    /// <summary>A copy of <paramref name="values"/>.</summary>
    public static Scales Create(ReadOnlySpan<double> values) => new(values.ToArray());

    /// <summary>The scales as a span, without a copy.</summary>
    public ReadOnlySpan<double> AsSpan() => values;

    /// <inheritdoc/>
    public bool Equals(Scales other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Scales other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var value in AsSpan()) hash.Add(value);
        return hash.ToHashCode();
    }

    /// <summary>The scales as people write them: <c>2×0.5</c>.</summary>
    public override string ToString() => Count == 0 ? "()" : string.Join('×', this.Select(static value => value.ToString(CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public IEnumerator<double> GetEnumerator() => ((IEnumerable<double>)(values ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Equal on every axis.</summary>
    public static bool operator ==(Scales left, Scales right) => left.Equals(right);

    /// <summary>Different in number of axes or on any of them.</summary>
    public static bool operator !=(Scales left, Scales right) => !left.Equals(right);
}
