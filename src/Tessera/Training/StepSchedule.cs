namespace Tessera.Training;

/// <summary>The rate times <see cref="Factor"/> after every <see cref="Every"/> epochs, counted from the beginning of the training.</summary>
public sealed record StepSchedule : Schedule
{
    /// <inheritdoc/>
    public override string Name => "step";

    /// <summary>Epochs between two falls, from 1.</summary>
    public int Every { get; init; } = 10;

    /// <summary>What the rate is multiplied by at each; over 0, at most 1.</summary>
    public double Factor { get; init; } = 0.1;

    private protected override double FactorAt(long step, long last, long epoch) => Math.Pow(Factor, epoch / Every);

    private protected override void CheckRule()
    {
        Require(Every >= 1, nameof(Every), Every, "1 or more");
        Require(Factor is > 0 and <= 1, nameof(Factor), Factor, "over 0 and at most 1");
    }
}
