namespace Tessera.Connections;

/// <summary>
/// Which inputs of a network one position of a layer sees, on one axis; immutable. It begins at an input, where each
/// position sees itself, and goes on through one operator after another. Positions outside of the input stand for padding.
/// </summary>
public sealed class AxisReceptiveField
{
    /// <summary>How an operator is gone through.</summary>
    private enum Step
    {
        Forward,
        Transposed,
        Everything,
    }

    private readonly AxisReceptiveField? before;
    private readonly AxisReceptiveField? beside;
    private readonly AxisGeometry geometry;
    private readonly Step step;
    private readonly long jumpNumerator;
    private readonly long jumpDenominator;

    private AxisReceptiveField(int size, long jumpNumerator, long jumpDenominator, AxisReceptiveField? before, AxisReceptiveField? beside = null, AxisGeometry geometry = default, Step step = Step.Forward)
    {
        Positions = size;
        var divisor = GreatestCommonDivisor(jumpNumerator, jumpDenominator);
        (this.jumpNumerator, this.jumpDenominator) = (jumpNumerator / divisor, jumpDenominator / divisor);
        (this.before, this.beside, this.geometry, this.step) = (before, beside, geometry, step);
    }

    /// <summary>The number of positions of the layer.</summary>
    public int Positions { get; }

    /// <summary>The distance in inputs between what neighbouring positions see: the product of strides, divided by those of transposed operators. 0 where each position sees everything.</summary>
    public double Jump => (double)jumpNumerator / jumpDenominator;

    /// <summary>The first input that position 0 sees; negative where that is padding.</summary>
    public long Start => Hull(0).First;

    /// <summary>The middle of what position 0 sees.</summary>
    public double Centre => (Hull(0).First + Hull(0).Last) / 2.0;

    /// <summary>The inputs, padding among them, from the first that a position sees to its last; the largest over all positions.</summary>
    public long Size
    {
        get
        {
            // Behind transposed operators the size repeats with the positions that fall on one input.
            long largest = 0;
            for (var p = 0; p < Math.Min(Positions, jumpDenominator * 2); p++) largest = Math.Max(largest, Hull(p).Last - Hull(p).First + 1);
            return largest;
        }
    }

    /// <summary>Positions before the first input that position 0 reaches into: how much padding has added up.</summary>
    public long PaddingBefore => Math.Max(0, -Start);

    /// <summary>An input of a given size: each position sees itself.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public static AxisReceptiveField OfInput(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return new AxisReceptiveField(size, 1, 1, null);
    }

    /// <summary>After a convolution or a pooling.</summary>
    /// <exception cref="ArgumentException">The axis does not begin with this layer's positions.</exception>
    public AxisReceptiveField Through(AxisGeometry axis)
    {
        CheckPositions(axis.Input);
        return new AxisReceptiveField(axis.Output, checked(jumpNumerator * axis.Stride), jumpDenominator, this, geometry: axis);
    }

    /// <summary>After the transpose of an operator: <paramref name="axis"/> is the forward operator's, whose output is this layer.</summary>
    /// <exception cref="ArgumentException">The axis does not end with this layer's positions.</exception>
    public AxisReceptiveField ThroughTranspose(AxisGeometry axis)
    {
        CheckPositions(axis.Output);
        return new AxisReceptiveField(axis.Input, jumpNumerator, checked(jumpDenominator * axis.Stride), this, geometry: axis, step: Step.Transposed);
    }

    /// <summary>After upsampling by a whole factor, which is a transposed operator of that stride.</summary>
    public AxisReceptiveField ThroughUpsampling(int factor, bool linear)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        var kernel = linear ? (2 * factor) - (factor % 2) : factor;
        return ThroughTranspose(new AxisGeometry(checked(Positions * factor), Positions, kernel, factor, 1, linear ? factor / 2 : 0, 0, 1, false));
    }

    /// <summary>A layer of <paramref name="positions"/> positions that each see all of this one (global pooling, dense).</summary>
    public AxisReceptiveField ThroughEverything(int positions = 1) =>
        new(positions, 0, 1, this, geometry: new AxisGeometry(Positions, positions, Positions, 1, 1, 0, 0, 1, false), step: Step.Everything);

    /// <summary>Where two branches meet (add, concatenate): what either sees.</summary>
    /// <exception cref="ArgumentException">The branches have different numbers of positions.</exception>
    public AxisReceptiveField Union(AxisReceptiveField other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckPositions(other.Positions);
        var wider = other.Jump > Jump ? other : this;
        return new AxisReceptiveField(Positions, wider.jumpNumerator, wider.jumpDenominator, this, other);
    }

    /// <summary>The inputs that a position sees, in rising order.</summary>
    /// <param name="position">The position, from 0.</param>
    /// <param name="insideOnly">Whether padding is left out, of the input and of every layer between: exactly where gradients can arrive.</param>
    public IReadOnlyList<long> InputsOf(int position, bool insideOnly = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return [.. Back([position], insideOnly)];
    }

    private (long First, long Last) Hull(int position)
    {
        var inputs = Back([position], insideOnly: false);
        return inputs.Count == 0 ? (0, -1) : (inputs.Min, inputs.Max);
    }

    private SortedSet<long> Back(SortedSet<long> positions, bool insideOnly)
    {
        if (insideOnly) positions.RemoveWhere(p => p < 0 || p >= Positions);
        if (before is null) return positions;
        if (beside is not null)
        {
            var both = before.Back([.. positions], insideOnly);
            both.UnionWith(beside.Back(positions, insideOnly));
            return both;
        }

        var met = new SortedSet<long>();
        foreach (var p in positions)
        {
            for (var q = 0; q < geometry.Kernel; q++)
            {
                var (source, rest) = step switch
                {
                    Step.Forward => ((p * geometry.Stride) + geometry.Offset(q), 0),
                    Step.Transposed => Math.DivRem(p - geometry.Offset(q), geometry.Stride),
                    _ => (q, 0),
                };
                if (rest == 0) met.Add(source);
            }
        }

        return before.Back(met, insideOnly);
    }

    private void CheckPositions(int positions)
    {
        if (positions != Positions) throw new ArgumentException($"receptive field: the layer has {Positions} positions but what follows takes {positions}; compose operators in the order in which they run.");
    }

    internal static long GreatestCommonDivisor(long left, long right)
    {
        while (right != 0) (left, right) = (right, left % right);
        return left;
    }
}
