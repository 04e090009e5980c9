using System.Numerics;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Corrupts its input in training, so that what follows learns to restore it (denoising autoencoders; Vincent et al. 2010); in inference it
/// passes everything unchanged. Gradients come back through every element that is still there: through all of them for Gaussian noise. Nothing
/// is scaled to make up for what is lost, unlike <see cref="Dropout"/>. What falls on which element follows from the execution's seed, the
/// layer's place, the step and the element. Made by <see cref="Gaussian"/>, <see cref="Masking"/> or <see cref="SaltAndPepper"/>.
/// </summary>
public sealed record Noise : Layer
{
    private Noise(NoiseKind corruption, double amount, double least, double most) => (Corruption, Amount, Least, Most) = (corruption, amount, least, most);

    /// <summary>What happens to an element.</summary>
    public NoiseKind Corruption { get; }

    /// <summary>The standard deviation of Gaussian noise, above 0; otherwise the fraction of the elements that is lost, above 0 and below 1.</summary>
    public double Amount { get; }

    /// <summary>The value of pepper.</summary>
    public double Least { get; }

    /// <summary>The value of salt.</summary>
    public double Most { get; }

    /// <inheritdoc/>
    public override string Kind => "noise";

    /// <summary>v + ε, with ε normal of mean 0.</summary>
    /// <param name="deviation">The standard deviation of ε, above 0.</param>
    public static Noise Gaussian(double deviation) => new(NoiseKind.Gaussian, deviation, 0, 1);

    /// <summary>0 with a probability, else v.</summary>
    /// <param name="fraction">The probability, above 0 and below 1.</param>
    public static Noise Masking(double fraction) => new(NoiseKind.Masking, fraction, 0, 1);

    /// <summary>The least or the most value with half a probability each, else v.</summary>
    /// <param name="fraction">The probability, above 0 and below 1.</param>
    /// <param name="least">The value of pepper.</param>
    /// <param name="most">The value of salt, above that of pepper.</param>
    public static Noise SaltAndPepper(double fraction, double least = 0, double most = 1) => new(NoiseKind.SaltAndPepper, fraction, least, most);

    /// <summary>Corrupts numbers outside of a network, in place, as the layer would: the same for the same seed and key.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="seed">What the noise is drawn from.</param>
    /// <param name="key">What stands for these numbers beside others of that seed, such as a sample's number.</param>
    /// <exception cref="ArgumentException">A setting makes no sense.</exception>
    public void Apply<T>(Span<T> values, long seed, long key)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Check();
        var draw = new NoiseDraw<T>(this);
        var drawn = unchecked((long)new RandomSource(seed, key).NextBits());
        for (var start = 0; start < values.Length; start += Chunks.Elements)
        {
            var piece = values.Slice(start, Math.Min(Chunks.Elements, values.Length - start));
            draw.Corrupt(piece, piece, drawn, start);
        }
    }

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        Check();
        return inputs[0];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => context.Options.Training
        ? new NoiseExecution<T>(this, context.Output.Product, context.Index)
        : new ReshapeExecution<T>(context.Output.Product);

    private void Check()
    {
        if (Corruption == NoiseKind.Gaussian && !(Amount > 0 && double.IsFinite(Amount)))
            throw Misfit(FormattableString.Invariant($"deviation {Amount}; it must be above 0 and finite, such as 0.3, in the units of what comes in."));
        if (Corruption != NoiseKind.Gaussian && !(Amount > 0 && Amount < 1))
            throw Misfit(FormattableString.Invariant($"fraction {Amount}; it must be above 0 and below 1, such as 0.25 for a quarter of the elements."));
        if (!(Least < Most && double.IsFinite(Least) && double.IsFinite(Most)))
            throw Misfit(FormattableString.Invariant($"least {Least} and most {Most}; both must be finite, and the least below the most, such as 0 and 1."));
    }
}
