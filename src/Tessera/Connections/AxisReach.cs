namespace Tessera.Connections;

/// <summary>
/// For every position of a tensor's axis, the stretch of the network input's axis that it depends on: its receptive field, exact
/// at the borders too. A stretch goes from its first to its last input, whether or not those between are read; it is empty where a
/// position depends on nothing but padding.
/// </summary>
public sealed class AxisReach
{
    private readonly (int First, int End)[] stretches;

    private AxisReach((int First, int End)[] stretches) => this.stretches = stretches;

    /// <summary>The number of positions.</summary>
    public int Count => stretches.Length;

    /// <summary>The inputs [First, End) that one position depends on.</summary>
    public (int First, int End) this[int position] => stretches[position];

    /// <summary>The longest stretch of any position: the receptive field, as far as it lies inside the input.</summary>
    public int Longest => stretches.Max(stretch => stretch.End - stretch.First);

    /// <summary>How far the stretches of neighbouring positions lie apart on average, between the first position and the last; 0 for a single position.</summary>
    public double Step => Count < 2 ? 0 : (Middle(stretches[^1]) - Middle(stretches[0])) / (Count - 1);

    /// <summary>The input itself: every position depends on itself.</summary>
    public static AxisReach Of(int size) => new([.. Enumerable.Range(0, size).Select(position => (position, position + 1))]);

    /// <summary>The outputs of a window that moves over these positions.</summary>
    public AxisReach Through(in AxisGeometry axis)
    {
        var result = new (int First, int End)[axis.Output];
        for (var q = 0; q < axis.Kernel; q++)
        {
            var (first, end) = axis.Reach(q);
            for (var p = first; p < end; p++) result[p] = Hull(result[p], stretches[(p * axis.Stride) + axis.Offset(q)]);
        }

        return new AxisReach(result);
    }

    /// <summary>The outputs of the transpose of such a window: these positions are the window's outputs.</summary>
    public AxisReach ThroughTranspose(in AxisGeometry axis)
    {
        var result = new (int First, int End)[axis.Input];
        for (var q = 0; q < axis.Kernel; q++)
        {
            var (first, end) = axis.Reach(q);
            for (var p = first; p < end; p++)
            {
                ref var x = ref result[(p * axis.Stride) + axis.Offset(q)];
                x = Hull(x, stretches[p]);
            }
        }

        return new AxisReach(result);
    }

    /// <summary>Outputs that each look at a stretch [First, End) of these positions; an empty stretch looks at nothing.</summary>
    public AxisReach Gather(IEnumerable<(int First, int End)> looks)
    {
        ArgumentNullException.ThrowIfNull(looks);
        return new AxisReach([.. looks.Select(look => stretches[look.First..look.End].Aggregate(default((int First, int End)), Hull))]);
    }

    /// <summary>Positions that depend on what both do, position by position.</summary>
    /// <exception cref="ArgumentException">The other has another number of positions.</exception>
    public AxisReach With(AxisReach other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count != Count) throw new ArgumentException($"reach: {other.Count} positions do not go with {Count}.", nameof(other));
        return new AxisReach([.. stretches.Zip(other.stretches, Hull)]);
    }

    /// <summary>So many positions, each depending on all that any of these does.</summary>
    public AxisReach Everywhere(int count)
    {
        var all = stretches.Aggregate(default((int First, int End)), Hull);
        var result = new (int First, int End)[count];
        Array.Fill(result, all);
        return new AxisReach(result);
    }

    private static double Middle((int First, int End) stretch) => (stretch.First + stretch.End) / 2.0;

    private static (int First, int End) Hull((int First, int End) one, (int First, int End) other) =>
        one.End == one.First ? other : other.End == other.First ? one : (Math.Min(one.First, other.First), Math.Max(one.End, other.End));
}
