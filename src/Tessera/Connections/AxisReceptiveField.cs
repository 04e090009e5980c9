namespace Tessera.Connections;

/// <summary>
/// For every position of a tensor's axis, the positions of the network input's axis that it depends on: exact at the borders, and with the gaps that
/// strides and dilations leave. It begins at the input and goes on through one operator after another; immutable.
/// </summary>
public sealed class AxisReceptiveField
{
    /// <summary>For each position the stretches [First, End) of inputs, in rising order, with gaps between them.</summary>
    private readonly (int First, int End)[][] inputs;

    private AxisReceptiveField((int First, int End)[][] inputs) => this.inputs = inputs;

    /// <summary>The number of positions.</summary>
    public int Count => inputs.Length;

    /// <summary>From the first input that one position depends on to the End behind the last; (0, 0) where it depends on nothing but padding.</summary>
    public (int First, int End) this[int position] => inputs[position] is { Length: > 0 } stretches ? (stretches[0].First, stretches[^1].End) : (0, 0);

    /// <summary>The longest stretch from first to last input of any position: the receptive field, as far as it lies inside the input.</summary>
    public int Longest => Enumerable.Range(0, Count).Max(position => this[position].End - this[position].First);

    /// <summary>How far the stretches of neighbouring positions lie apart on average, between the first position and the last; 0 for a single position.</summary>
    public double Step => Count < 2 ? 0 : (Middle(this[Count - 1]) - Middle(this[0])) / (Count - 1);

    /// <summary>The input itself: every position depends on itself.</summary>
    public static AxisReceptiveField Of(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return new AxisReceptiveField([.. Enumerable.Range(0, size).Select(static position => new[] { (position, position + 1) })]);
    }

    /// <summary>The inputs that one position depends on, as stretches [First, End) in rising order: exactly where its gradients arrive.</summary>
    public IReadOnlyList<(int First, int End)> InputsOf(int position) => inputs[position];

    /// <summary>The outputs of a window that moves over these positions.</summary>
    /// <exception cref="ArgumentException">The axis does not begin with these positions.</exception>
    public AxisReceptiveField Through(AxisGeometry axis)
    {
        CheckPositions(axis.Input);
        return From(axis.Output, p => Enumerable.Range(0, axis.Kernel).Select(q => (p * axis.Stride) + axis.Offset(q)));
    }

    /// <summary>The outputs of the transpose of such a window: these positions are the window's outputs.</summary>
    /// <exception cref="ArgumentException">The axis does not end with these positions.</exception>
    public AxisReceptiveField ThroughTranspose(AxisGeometry axis)
    {
        CheckPositions(axis.Output);
        return From(axis.Input, x => Enumerable.Range(0, axis.Kernel).Select(q => Math.DivRem(x - axis.Offset(q), axis.Stride)).Where(static p => p.Remainder == 0).Select(static p => p.Quotient));
    }

    /// <summary>Outputs that each look at a stretch [First, End) of these positions; an empty stretch looks at nothing.</summary>
    public AxisReceptiveField Gather(IEnumerable<(int First, int End)> looks)
    {
        ArgumentNullException.ThrowIfNull(looks);
        return new AxisReceptiveField([.. looks.Select(look => Joined(inputs.AsSpan(look.First..look.End)))]);
    }

    /// <summary>Where two branches meet: positions that depend on what both do, position by position.</summary>
    /// <exception cref="ArgumentException">The other has another number of positions.</exception>
    public AxisReceptiveField Union(AxisReceptiveField other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckPositions(other.Count);
        return new AxisReceptiveField([.. inputs.Zip(other.inputs, static (one, two) => Joined([one, two]))]);
    }

    /// <summary>So many positions, each depending on all that any of these does.</summary>
    public AxisReceptiveField Everywhere(int count)
    {
        var result = new (int First, int End)[count][];
        Array.Fill(result, Joined(inputs));
        return new AxisReceptiveField(result);
    }

    private static double Middle((int First, int End) stretch) => (stretch.First + stretch.End) / 2.0;

    /// <summary>What any of several positions depends on.</summary>
    private static (int First, int End)[] Joined(ReadOnlySpan<(int First, int End)[]> parts)
    {
        if (parts.Length == 1) return parts[0];
        var all = new List<(int First, int End)>();
        foreach (var part in parts) all.AddRange(part);
        all.Sort();
        var joined = new List<(int First, int End)>();
        foreach (var (first, end) in all)
        {
            if (joined.Count > 0 && first <= joined[^1].End) joined[^1] = (joined[^1].First, Math.Max(joined[^1].End, end));
            else joined.Add((first, end));
        }

        return [.. joined];
    }

    /// <summary>So many positions, each depending on what its sources among these do; sources outside of them are padding.</summary>
    private AxisReceptiveField From(int count, Func<int, IEnumerable<int>> sources) =>
        new([.. Enumerable.Range(0, count).Select(position => Joined([.. sources(position).Where(source => source >= 0 && source < Count).Select(source => inputs[source])]))]);

    private void CheckPositions(int positions)
    {
        if (positions != Count) throw new ArgumentException($"receptive field: the layer has {Count} positions but what follows takes {positions}; compose operators in the order in which they run.");
    }
}
