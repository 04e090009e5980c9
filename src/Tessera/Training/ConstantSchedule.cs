namespace Tessera.Training;

/// <summary>The optimiser's rate at every step.</summary>
public sealed record ConstantSchedule : Schedule
{
    /// <inheritdoc/>
    public override string Name => "constant";

    private protected override double FactorAt(long step, long last, long epoch) => 1;
}
