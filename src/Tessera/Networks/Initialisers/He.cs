namespace Tessera.Networks.Initialisers;

/// <summary>Variance 2 / fan-in, which keeps the size of signals through rectified linear units (He et al. 2015).</summary>
/// <param name="Distribution">Normal or uniform.</param>
public sealed record He(Distribution Distribution = Distribution.Normal) : Initialiser
{
    /// <inheritdoc/>
    public override string Kind => "he";

    internal override void Fill<T>(Span<T> values, ParameterDescription parameter, string name, ref RandomSource random) =>
        VarianceScaling.Fill(values, parameter, Distribution, static (fanIn, _) => 2 / fanIn, ref random);
}
