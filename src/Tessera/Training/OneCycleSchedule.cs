namespace Tessera.Training;

/// <summary>
/// Half a cosine up from the rate over <see cref="InitialDivisor"/> to the full rate, which is reached after <see cref="Rise"/> of the
/// steps, and half a cosine down to the first rate over <see cref="FinalDivisor"/> at the last. Momentum stays as it is.
/// Source: Smith and Topin 2018, in PyTorch's form of two parts.
/// </summary>
public sealed record OneCycleSchedule : Schedule
{
    /// <inheritdoc/>
    public override string Name => "one-cycle";

    /// <summary>The part of the steps on which the rate rises; over 0, less than 1.</summary>
    public double Rise { get; init; } = 0.3;

    /// <summary>The full rate over the first step's rate; from 1.</summary>
    public double InitialDivisor { get; init; } = 25;

    /// <summary>The first step's rate over the last step's rate; from 1.</summary>
    public double FinalDivisor { get; init; } = 1e4;

    private protected override double FactorAt(long step, long last, long epoch)
    {
        var initial = 1 / InitialDivisor;
        var peak = (Rise * (last + 1)) - 1;
        return step <= peak
            ? CosineSchedule.Between(initial, 1, peak == 0 ? 1 : step / peak)
            : CosineSchedule.Between(1, initial / FinalDivisor, (step - peak) / (last - peak));
    }

    private protected override void CheckRule()
    {
        Require(Rise is > 0 and < 1, nameof(Rise), Rise, "over 0 and less than 1");
        Require(InitialDivisor >= 1 && double.IsFinite(InitialDivisor), nameof(InitialDivisor), InitialDivisor, "1 or more");
        Require(FinalDivisor >= 1 && double.IsFinite(FinalDivisor), nameof(FinalDivisor), FinalDivisor, "1 or more");
    }
}
