using System.Numerics;
using Tessera.Kernels.Resampling;

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
        var inputSize = inputShape.From(2);
        OutputSize(inputSize, name);
        var maps = new AxisMap[inputSize.Count];
        for (var a = 0; a < maps.Length; a++) maps[a] = Mode == UpsamplingMode.Linear && Factors[a] > 1 ? Linear(inputSize[a], Factors[a]) : Nearest(inputSize[a], Factors[a]);
        return new SpatialMapPlan<T>(inputShape, maps, options ?? PlanOptions.Default, $"upsampling {Factors}, {Mode}");
    }

    private static AxisMap Nearest(int input, int factor) => new(input, [.. Enumerable.Range(0, input * factor).Select(p => p / factor)]);

    /// <summary>Position p has its centre at (p + ½) / f − ½ between input centres.</summary>
    private static AxisMap Linear(int input, int factor)
    {
        var first = new int[input * factor];
        var second = new int[first.Length];
        var weight = new double[first.Length];
        for (var p = 0; p < first.Length; p++)
        {
            var x = Math.Clamp(((p + 0.5) / factor) - 0.5, 0, input - 1);
            first[p] = (int)x;
            second[p] = Math.Min(first[p] + 1, input - 1);
            weight[p] = x - first[p];
        }

        return new AxisMap(input, first, second, weight);
    }
}
