namespace Tessera.Training;

/// <summary>A training whose loss or gradients are no longer finite numbers; the message names the step, the layer that broke first, and what to try.</summary>
public sealed class TrainingDivergedException : ArithmeticException
{
    /// <summary>A training that diverged.</summary>
    /// <param name="message">What happened, and what to try.</param>
    /// <param name="step">The step, from 1.</param>
    /// <param name="layer">The first layer whose activations are not finite; null where none is.</param>
    public TrainingDivergedException(string message, long step, string? layer)
        : base(message)
    {
        Step = step;
        Layer = layer;
    }

    /// <summary>The step at which it was noticed, from 1.</summary>
    public long Step { get; }

    /// <summary>The first layer whose activations are not finite; null where none is.</summary>
    public string? Layer { get; }
}
