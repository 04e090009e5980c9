using System.Numerics;

namespace Tessera.Operators;

/// <summary>How upsampling fills the positions between inputs.</summary>
public enum UpsamplingMode
{
    /// <summary>Each input is repeated.</summary>
    Nearest,

    /// <summary>Linear between the centres of neighbouring inputs (half-pixel centres, corners not aligned); constant beyond the outermost.</summary>
    Linear,
}

/// <summary>Makes each spatial axis a whole number of times longer: V [N, C, i…] to Z [N, C, i_1·f_1 … i_d·f_d].</summary>
public sealed record Upsampling
{
    /// <summary>The factor of each axis, at least 1.</summary>
    public required Sizes Factors { get; init; }

    /// <summary>How positions between inputs are filled; nearest unless said.</summary>
    public UpsamplingMode Mode { get; init; }

    /// <summary>The output size [i_1·f_1 … i_d·f_d].</summary>
    /// <exception cref="ArgumentException">A factor is below 1, their number is not the input's, or the output is too large.</exception>
    public Sizes OutputSize(Sizes inputSize, string name = "upsampling")
    {
        SpatialMapChecks.Axes(inputSize, Factors, "factor", 1, name);
        return SpatialMapChecks.Memory([.. inputSize.Select((size, a) => (long)size * Factors[a])], name);
    }

    /// <summary>Makes a plan for an input [N, C, i_1 … i_d].</summary>
    /// <exception cref="ArgumentException">As for <see cref="OutputSize"/>.</exception>
    public SpatialMapPlan<T> Plan<T>(Sizes inputShape, PlanOptions? options = null, string name = "upsampling")
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PoolingChecks.InputShape(inputShape, name);
        return Resizing(inputShape, name).Plan<T>(inputShape, options, name, $"upsampling {Factors}, {Mode}");
    }

    /// <summary>The same as a resizing of an input [N, C, i_1 … i_d].</summary>
    internal Resizing Resizing(Sizes inputShape, string name) =>
        new() { Size = OutputSize(inputShape.From(2), name), Mode = Mode == UpsamplingMode.Linear ? ResizeMode.Linear : ResizeMode.Nearest };
}
