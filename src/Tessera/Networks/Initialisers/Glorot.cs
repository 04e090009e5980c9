namespace Tessera.Networks.Initialisers;

/// <summary>Variance 2 / (fan-in + fan-out), between what the forward and the backward pass want (Glorot and Bengio 2010).</summary>
/// <param name="Distribution">Normal or uniform.</param>
public sealed record Glorot(Distribution Distribution = Distribution.Normal) : Initialiser
{
    /// <inheritdoc/>
    public override string Kind => "glorot";

    internal override void Fill<T>(Span<T> values, ParameterDescription parameter, string name, ref RandomSource random) =>
        VarianceScaling.Fill(values, parameter, Distribution, static (fanIn, fanOut) => 2 / (fanIn + fanOut), ref random);
}
