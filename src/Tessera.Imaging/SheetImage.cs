namespace Tessera.Imaging;

/// <summary>One image, signal or volume on a sheet.</summary>
/// <param name="Values">The values, row-major.</param>
/// <param name="Shape">Their shape: [C, H, W], [C, L] for a signal, [C, D, H, W] for a volume. Three channels are a colour; of others the first is shown.</param>
public sealed record SheetImage(ReadOnlyMemory<float> Values, Sizes Shape)
{
    /// <summary>The value that is shown black; 0 unless said.</summary>
    public float Black { get; init; }

    /// <summary>The value that is shown white; 1 unless said.</summary>
    public float White { get; init; } = 1;

    /// <summary>What stands below it.</summary>
    public string Caption { get; init; } = "";

    /// <summary>The same image between black for its smallest value and white for its largest, both named in its caption.</summary>
    public SheetImage OnItsOwnScale()
    {
        var (least, most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in Values.Span)
        {
            if (float.IsFinite(value)) (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }

        return least > most ? this with { Caption = "not finite" } : this with { Black = least, White = most, Caption = FormattableString.Invariant($"{Said(least):G2}…{Said(most):G2}") };

        // What is nothing beside the other end of the scale is said to be 0.
        float Said(float value) => Math.Abs(value) < 1e-6f * Math.Max(Math.Abs(least), Math.Abs(most)) ? 0 : value;
    }
}
