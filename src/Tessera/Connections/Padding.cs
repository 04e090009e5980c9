namespace Tessera.Connections;

/// <summary>The rules by which zeros are put around the input.</summary>
public enum PaddingRule
{
    /// <summary>No zeros: the kernel stays inside the input.</summary>
    Valid,

    /// <summary>Output size ⌈input / stride⌉; an odd zero goes to the end.</summary>
    Same,

    /// <summary>Output size ⌈input / stride⌉; an odd zero goes to the beginning.</summary>
    SameLower,

    /// <summary>As many zeros as let every input be reached by every kernel element.</summary>
    Full,

    /// <summary>Amounts given for each axis and side.</summary>
    Explicit,
}

/// <summary>Zero padding of the spatial axes: a rule, or explicit amounts per axis and side.</summary>
public sealed record Padding
{
    private Padding(PaddingRule rule, Sizes low = default, Sizes high = default) =>
        (Rule, Low, High) = (rule, low, high);

    /// <inheritdoc cref="PaddingRule.Valid"/>
    public static Padding Valid { get; } = new(PaddingRule.Valid);

    /// <inheritdoc cref="PaddingRule.Same"/>
    public static Padding Same { get; } = new(PaddingRule.Same);

    /// <inheritdoc cref="PaddingRule.SameLower"/>
    public static Padding SameLower { get; } = new(PaddingRule.SameLower);

    /// <inheritdoc cref="PaddingRule.Full"/>
    public static Padding Full { get; } = new(PaddingRule.Full);

    /// <summary>The rule.</summary>
    public PaddingRule Rule { get; }

    /// <summary>Zeros before the first element of each axis; empty unless the rule is explicit.</summary>
    public Sizes Low { get; }

    /// <summary>Zeros after the last element of each axis; empty unless the rule is explicit.</summary>
    public Sizes High { get; }

    /// <summary>Explicit amounts, one low and one high for each axis.</summary>
    /// <exception cref="ArgumentException">The lists differ in length, or an amount is negative.</exception>
    public static Padding Explicit(Sizes low, Sizes high)
    {
        if (low.Count != high.Count)
        {
            throw new ArgumentException(
                $"padding: {low.Count} low amounts but {high.Count} high ones; give one pair per axis.", nameof(high));
        }

        for (var axis = 0; axis < low.Count; axis++)
        {
            if (low[axis] < 0 || high[axis] < 0)
            {
                throw new ArgumentException(
                    $"padding: ({low[axis]}, {high[axis]}) on axis {axis} is negative; amounts count zeros, so give 0 or more.",
                    nameof(low));
            }
        }

        return new Padding(PaddingRule.Explicit, low, high);
    }

    /// <summary>The same explicit amount on both sides of each axis.</summary>
    public static Padding Symmetric(Sizes amounts) => Explicit(amounts, amounts);

    /// <summary>The zeros before and after one axis.</summary>
    /// <param name="axis">The axis, from 0.</param>
    /// <param name="input">Input size.</param>
    /// <param name="dilatedKernel">D = dilation · (kernel − 1) + 1.</param>
    /// <param name="stride">Stride.</param>
    internal (int Low, int High) Resolve(int axis, int input, int dilatedKernel, int stride)
    {
        switch (Rule)
        {
            case PaddingRule.Full:
                return (dilatedKernel - 1, dilatedKernel - 1);
            case PaddingRule.Explicit:
                return (Low[axis], High[axis]);
            case PaddingRule.Same or PaddingRule.SameLower:
                var output = (input + (long)stride - 1) / stride;
                var total = checked((int)Math.Max(0, ((output - 1) * stride) + dilatedKernel - input));
                var half = total / 2;
                return Rule == PaddingRule.Same ? (half, total - half) : (total - half, half);
            default:
                return (0, 0);
        }
    }

    /// <summary>The padding as people write it: <c>same</c>, or <c>(1,2)×(0,0)</c>.</summary>
    public override string ToString()
    {
        if (Rule == PaddingRule.Explicit)
        {
            return string.Join('×', Low.Select((low, axis) => $"({low},{High[axis]})"));
        }

        return Rule == PaddingRule.SameLower ? "same-lower" : Rule.ToString().ToLowerInvariant();
    }
}
