namespace Tessera.Imaging;

/// <summary>One named curve of a <see cref="CurvePanel"/>: values at equal distances. Values that are not finite leave a gap.</summary>
/// <param name="Name">What the legend calls it; the legend adds the last value.</param>
/// <param name="Values">The values from left to right.</param>
public sealed record Curve(string Name, IReadOnlyList<double> Values)
{
    /// <summary>Where the first value stands on the horizontal axis.</summary>
    public double First { get; init; } = 1;

    /// <summary>The distance between neighbouring values on the horizontal axis.</summary>
    public double Step { get; init; } = 1;

    /// <summary>The colour, from 0; curves of one number look alike, so that a dashed one can belong to a whole one. Six there are, and then they begin again.</summary>
    public int Colour { get; init; }

    /// <summary>Whether the line is dashed.</summary>
    public bool IsDashed { get; init; }

    /// <summary>Where the last value stands on the horizontal axis.</summary>
    internal double Last => First + (Step * Math.Max(0, Values.Count - 1));
}
