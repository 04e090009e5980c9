namespace Tessera.Training;

/// <summary>
/// Half a cosine from the full rate at the first step to <see cref="Final"/> of it at the last:
/// f + (1 − f)(1 + cos(π step / last)) / 2. Source: Loshchilov and Hutter 2017, equation 5, one cycle.
/// </summary>
public sealed record CosineSchedule : Schedule
{
    /// <inheritdoc/>
    public override string Name => "cosine";

    /// <summary>f, the part of the rate that the last step has; 0 to 1.</summary>
    public double Final { get; init; }

    /// <summary>The value at <paramref name="position"/> of half a cosine, from <paramref name="from"/> at 0 to <paramref name="to"/> at 1.</summary>
    internal static double Between(double from, double to, double position) => to + ((from - to) * (1 + Math.Cos(Math.PI * position)) / 2);

    private protected override double FactorAt(long step, long last, long epoch) => last == 0 ? 1 : Between(1, Final, step / (double)last);

    private protected override void CheckRule() => Require(Final is >= 0 and <= 1, nameof(Final), Final, "from 0 to 1");
}
