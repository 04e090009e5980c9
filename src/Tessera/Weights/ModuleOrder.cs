namespace Tessera.Weights;

/// <summary>Order of module names in which runs of digits count as numbers: layer2.9 before layer2.10.</summary>
internal static class ModuleOrder
{
    /// <summary>Below 0 where <paramref name="left"/> comes first.</summary>
    public static int Compare(string left, string right) => FirstDifference(left, right).Order;

    /// <summary>Whether the names differ first in a number, so that their order means something.</summary>
    public static bool IsNumbered(string left, string right) => FirstDifference(left, right).IsNumber;

    private static (int Order, bool IsNumber) FirstDifference(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty && !right.IsEmpty)
        {
            if (char.IsAsciiDigit(left[0]) && char.IsAsciiDigit(right[0]))
            {
                var one = TakeNumber(ref left);
                var other = TakeNumber(ref right);
                var order = one.Length != other.Length ? one.Length.CompareTo(other.Length) : one.SequenceCompareTo(other);
                if (order != 0) return (order, true);
                continue;
            }

            if (left[0] != right[0]) return (left[0].CompareTo(right[0]), false);
            left = left[1..];
            right = right[1..];
        }

        return (left.Length.CompareTo(right.Length), false);
    }

    /// <summary>The digits at the beginning, without leading zeros: of two such numbers the longer is the larger.</summary>
    private static ReadOnlySpan<char> TakeNumber(ref ReadOnlySpan<char> text)
    {
        var end = 0;
        while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        var digits = text[..end].TrimStart('0');
        text = text[end..];
        return digits;
    }
}
