namespace Tessera.Kernels.Resampling;

/// <summary>
/// What each position of one axis is made of: input first(p), or (1 − w(p)) · first(p) + w(p) · second(p). A first of −1 is zero.
/// </summary>
internal sealed class AxisMap
{
    public AxisMap(int input, int[] first)
        : this(input, first, null, null)
    {
    }

    public AxisMap(int input, int[] first, int[]? second, double[]? weight)
    {
        (Input, First, Second, Weight) = (input, first, second, weight);
        if (second is not null) return;

        // The longest run of inputs that stay neighbours: a border's interior, copied as a whole.
        for (int start = 0, end; start < first.Length; start = end)
        {
            end = start + 1;
            while (end < first.Length && first[start] >= 0 && first[end] == first[end - 1] + 1) end++;
            if (end - start > RunLength && first[start] >= 0) (RunStart, RunLength) = (start, end - start);
        }
    }

    public int Input { get; }

    public int Output => First.Length;

    public int[] First { get; }

    /// <summary>The second of each pair, or null where every position is one input.</summary>
    public int[]? Second { get; }

    /// <summary>The weight of the second.</summary>
    public double[]? Weight { get; }

    /// <summary>Where the longest run of outputs begins that are neighbouring inputs.</summary>
    public int RunStart { get; }

    /// <summary>The length of that run.</summary>
    public int RunLength { get; }
}
