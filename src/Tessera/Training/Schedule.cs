using System.Globalization;

namespace Tessera.Training;

/// <summary>
/// How the rate goes over a training: a pure function from the step to a rate, so that a resumed training goes on as it would have.
/// Before the rule proper, a warm-up may raise the rate in equal parts up to where the rule begins. The family is closed:
/// <see cref="ConstantSchedule"/>, <see cref="StepSchedule"/>, <see cref="CosineSchedule"/>, <see cref="OneCycleSchedule"/>.
/// </summary>
public abstract record Schedule
{
    private protected Schedule()
    {
    }

    /// <summary>What messages and files call the schedule.</summary>
    public abstract string Name { get; }

    /// <summary>The length of the warm-up in steps; added to <see cref="WarmUpEpochs"/>.</summary>
    public int WarmUpSteps { get; init; }

    /// <summary>The length of the warm-up in epochs, not necessarily whole; added to <see cref="WarmUpSteps"/>.</summary>
    public double WarmUpEpochs { get; init; }

    /// <summary>The rate of one step.</summary>
    /// <param name="learningRate">The optimiser's rate, the largest.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="stepsPerEpoch">Steps in one epoch, from 1.</param>
    /// <param name="epochs">Epochs of the whole training.</param>
    /// <returns>η, from 0 to <paramref name="learningRate"/>; after the last step, what the last step had.</returns>
    /// <exception cref="ArgumentException">A setting makes no sense, or the warm-up is longer than the training.</exception>
    public double Rate(double learningRate, long step, int stepsPerEpoch, int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stepsPerEpoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epochs);
        var warmUp = CheckedWarmUp(stepsPerEpoch, epochs);
        var last = ((long)stepsPerEpoch * epochs) - 1 - warmUp;
        if (step < warmUp) return learningRate * FactorAt(0, last, 0) * (step + 1) / warmUp;
        var inside = Math.Min(step - warmUp, last);
        return learningRate * FactorAt(inside, last, (inside + warmUp) / stepsPerEpoch);
    }

    /// <summary>Throws where a setting makes no sense.</summary>
    internal void Check()
    {
        Require(WarmUpSteps >= 0, nameof(WarmUpSteps), WarmUpSteps, "0 or more");
        Require(WarmUpEpochs >= 0 && double.IsFinite(WarmUpEpochs), nameof(WarmUpEpochs), WarmUpEpochs, "0 or more");
        CheckRule();
    }

    /// <summary>Throws where a setting makes no sense or the warm-up is longer than the training.</summary>
    internal void Check(int stepsPerEpoch, int epochs) => CheckedWarmUp(stepsPerEpoch, epochs);

    /// <summary>The part of the largest rate at one step.</summary>
    /// <param name="step">The step after the warm-up, from 0.</param>
    /// <param name="last">The last such step.</param>
    /// <param name="epoch">The epoch, from 0, counted from the beginning of the training.</param>
    private protected abstract double FactorAt(long step, long last, long epoch);

    private protected virtual void CheckRule()
    {
    }

    private protected void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong($"{Name} schedule", setting, value, wanted);
    }

    private long CheckedWarmUp(int stepsPerEpoch, int epochs)
    {
        Check();
        var steps = WarmUpSteps + (WarmUpEpochs * stepsPerEpoch);
        var total = (double)stepsPerEpoch * epochs;
        if (steps < total) return (long)steps;
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture, $"{Name} schedule: a warm-up of {Math.Floor(steps)} steps leaves nothing of a training of {total} steps; shorten the warm-up or train for more epochs."));
    }
}
