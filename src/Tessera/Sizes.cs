using System.Collections;
using System.Runtime.CompilerServices;

namespace Tessera;

/// <summary>
/// A short immutable list of whole numbers with value equality: the sizes of a tensor, or one number per axis
/// (kernel, stride, dilation). Written as a collection expression: <c>Sizes kernel = [3, 3];</c>.
/// </summary>
[CollectionBuilder(typeof(Sizes), nameof(Create))]
public readonly struct Sizes : IEquatable<Sizes>, IReadOnlyList<int>
{
    private readonly int[]? values;

    private Sizes(int[] values) => this.values = values;

    /// <summary>No sizes at all.</summary>
    public static Sizes Empty => default;

    /// <summary>The number of axes.</summary>
    public int Count => values?.Length ?? 0;

    /// <summary>The size on one axis; <paramref name="axis"/> from 0.</summary>
    public int this[int axis] => AsSpan()[axis];

    /// <summary>The product of all sizes (1 for none).</summary>
    /// <exception cref="OverflowException">The product does not fit in 64 bits.</exception>
    public long Product
    {
        get
        {
            long product = 1;
            foreach (var value in AsSpan()) product = checked(product * value);
            return product;
        }
    }

    /// <summary>A copy of <paramref name="values"/>.</summary>
    public static Sizes Create(ReadOnlySpan<int> values) => new(values.ToArray());

    /// <summary><paramref name="count"/> times the same <paramref name="value"/>.</summary>
    public static Sizes Repeat(int value, int count)
    {
        var values = new int[count];
        Array.Fill(values, value);
        return new Sizes(values);
    }

    /// <summary>The sizes of a .NET tensor.</summary>
    /// <exception cref="OverflowException">A size does not fit in 32 bits.</exception>
    public static Sizes Of(ReadOnlySpan<nint> lengths)
    {
        var values = new int[lengths.Length];
        for (var axis = 0; axis < values.Length; axis++) values[axis] = checked((int)lengths[axis]);
        return new Sizes(values);
    }

    /// <summary>The sizes as a span, without a copy.</summary>
    public ReadOnlySpan<int> AsSpan() => values;

    /// <summary>The sizes from axis <paramref name="start"/> on.</summary>
    public Sizes From(int start) => Create(AsSpan()[start..]);

    /// <summary>These sizes followed by <paramref name="more"/>.</summary>
    public Sizes Append(Sizes more) => new([.. AsSpan(), .. more.AsSpan()]);

    /// <summary>The sizes as .NET's tensors take them; those without axes have no elements there, so that one number is [1].</summary>
    public nint[] ToLengths()
    {
        if (Count == 0) return [1];
        var lengths = new nint[Count];
        for (var axis = 0; axis < lengths.Length; axis++) lengths[axis] = this[axis];
        return lengths;
    }

    /// <summary>The distance in elements between neighbours on each axis, dense and row-major.</summary>
    public long[] RowMajorStrides()
    {
        var strides = new long[Count];
        long stride = 1;
        for (var axis = Count - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride = checked(stride * this[axis]);
        }

        return strides;
    }

    /// <inheritdoc/>
    public bool Equals(Sizes other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Sizes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var value in AsSpan()) hash.Add(value);
        return hash.ToHashCode();
    }

    /// <summary>The sizes as people write them: <c>3×5</c>.</summary>
    public override string ToString() => Count == 0 ? "()" : string.Join('×', this);

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)(values ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Equal on every axis.</summary>
    public static bool operator ==(Sizes left, Sizes right) => left.Equals(right);

    /// <summary>Different in number of axes or on any of them.</summary>
    public static bool operator !=(Sizes left, Sizes right) => !left.Equals(right);
}
