using Tessera.Connections;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// An axis whose results are computed two by two: Winograd's F(2, 2) for taps whose distance is the stride. Two such taps a, b read d0, d1 for the
/// first result and d1, d2 for the second; of the four products one is shared, and three are left. A tap that has no partner takes two.
/// <code>
///     first  = a d0 + b d1 = a (d0 − d1) + (a + b) d1
///     second = a d1 + b d2 =               (a + b) d1 + b (d2 − d1)
/// </code>
/// </summary>
internal sealed class PairedAxis
{
    private PairedAxis(TapAxis axis)
    {
        Count = (axis.Count + 1) / 2;
        SourceStep = 2 * axis.SourceStep;
        List<Term> first = [], shared = [], second = [];
        List<Source> sources = [];
        List<Weight> weights = [];
        var step = axis.SourceStep;
        var alone = axis.Taps.OrderBy(tap => tap.Offset).ToList();
        while (alone.Count > 0)
        {
            var a = alone[0];
            alone.RemoveAt(0);
            var partner = alone.FindIndex(tap => tap.Offset == a.Offset + step);
            if (partner < 0)
            {
                first.Add(new Term(IndexOf(sources, new Source(a.Offset, null)), IndexOf(weights, new Weight(a.Element, null))));
                second.Add(new Term(IndexOf(sources, new Source(a.Offset + step, null)), IndexOf(weights, new Weight(a.Element, null))));
                continue;
            }

            var b = alone[partner];
            alone.RemoveAt(partner);
            var middle = IndexOf(sources, new Source(b.Offset, null));
            shared.Add(new Term(middle, IndexOf(weights, new Weight(a.Element, b.Element))));
            first.Add(new Term(IndexOf(sources, new Source(a.Offset, middle)), IndexOf(weights, new Weight(a.Element, null))));
            second.Add(new Term(IndexOf(sources, new Source(b.Offset + step, middle)), IndexOf(weights, new Weight(b.Element, null))));
        }

        (First, Shared, Second, Sources, Weights) = ([.. first], [.. shared], [.. second], [.. sources], [.. weights]);
    }

    /// <summary>The pairs of results; the second of the last may not exist.</summary>
    public int Count { get; }

    /// <summary>Source coordinates from one pair to the next.</summary>
    public int SourceStep { get; }

    /// <summary>What products read: the source at <see cref="Source.Offset"/> from a pair's place, perhaps less an earlier one of this list.</summary>
    public Source[] Sources { get; }

    /// <summary>What they multiply with: a kernel element, or the sum of two.</summary>
    public Weight[] Weights { get; }

    /// <summary>The products of the first result alone, of both, and of the second alone.</summary>
    public Term[] First { get; }

    /// <inheritdoc cref="First"/>
    public Term[] Shared { get; }

    /// <inheritdoc cref="First"/>
    public Term[] Second { get; }

    /// <summary>All products of a pair.</summary>
    public int Products => First.Length + Shared.Length + Second.Length;

    /// <summary>The axis in pairs, or null where no two taps are a stride apart.</summary>
    public static PairedAxis? TryPair(TapAxis axis) => new PairedAxis(axis) is { Shared.Length: > 0 } paired ? paired : null;

    private static int IndexOf<TItem>(List<TItem> items, TItem item)
    {
        var index = items.IndexOf(item);
        if (index >= 0) return index;
        items.Add(item);
        return items.Count - 1;
    }

    /// <summary>A source, less another where there is one.</summary>
    public readonly record struct Source(int Offset, int? Less);

    /// <summary>A kernel element, and perhaps one that is added.</summary>
    public readonly record struct Weight(int Element, int? Added);

    /// <summary>One product.</summary>
    public readonly record struct Term(int Source, int Weight);
}
