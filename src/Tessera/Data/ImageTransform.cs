namespace Tessera.Data;

/// <summary>
/// The description of one change to a sample [C, spatial…]: of its values, or of its last two axes as a picture (its last axis, where there
/// is one alone). What is random in it comes from the source it is given.
/// </summary>
public abstract record ImageTransform
{
    internal ImageTransform()
    {
    }

    /// <summary>Checks that samples of <paramref name="shape"/> can be changed so.</summary>
    /// <exception cref="ArgumentException">They cannot.</exception>
    internal virtual void Check(Sizes shape)
    {
        if (shape.Count < 2) throw new ArgumentException($"{GetType().Name}: samples of {shape} are no images; channels and at least one spatial axis are needed.");
    }

    /// <summary>Changes <paramref name="sample"/> in place; <paramref name="scratch"/> is as long and holds nothing of worth.</summary>
    internal abstract void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random);
}
