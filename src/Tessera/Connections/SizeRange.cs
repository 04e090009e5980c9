using System.Collections;

namespace Tessera.Connections;

/// <summary>Consecutive sizes as a list that takes no memory for them.</summary>
internal sealed class SizeRange(int first, int count) : IReadOnlyList<int>
{
    public int Count => count;

    public int this[int index] => (uint)index < (uint)count
        ? first + index
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"sizes: there are {count}, counted from 0.");

    public IEnumerator<int> GetEnumerator() => Enumerable.Range(first, count).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
