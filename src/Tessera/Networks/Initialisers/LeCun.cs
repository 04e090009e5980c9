namespace Tessera.Networks.Initialisers;

/// <summary>Variance 1 / fan-in, which keeps the size of signals through linear units (LeCun et al. 1998).</summary>
/// <param name="Distribution">Normal or uniform.</param>
public sealed record LeCun(Distribution Distribution = Distribution.Normal) : Initialiser
{
    /// <inheritdoc/>
    public override string Kind => "lecun";

    internal override void Fill<T>(Span<T> values, ParameterDescription parameter, string name, ref RandomSource random) =>
        VarianceScaling.Fill(values, parameter, Distribution, static (fanIn, _) => 1 / fanIn, ref random);
}
