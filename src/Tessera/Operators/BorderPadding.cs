using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Copying;
using Tessera.Kernels.Resampling;

namespace Tessera.Operators;

/// <summary>What stands in a border.</summary>
public enum BorderMode
{
    /// <summary>Zeros.</summary>
    Zero,

    /// <summary>The input mirrored at its outermost element, which is not repeated.</summary>
    Reflect,

    /// <summary>The outermost element, repeated.</summary>
    Replicate,

    /// <summary>The other end of the input: it goes round.</summary>
    Circular,
}

/// <summary>Puts a border around the spatial axes: V [N, C, i…] to Z [N, C, lo_1 + i_1 + hi_1 …].</summary>
public sealed record BorderPadding
{
    /// <summary>Elements before the first of each axis.</summary>
    public required Sizes Low { get; init; }

    /// <summary>Elements after the last of each axis.</summary>
    public required Sizes High { get; init; }

    /// <summary>What stands in the border; zeros unless said.</summary>
    public BorderMode Mode { get; init; }

    /// <summary>The output size [lo_1 + i_1 + hi_1 …].</summary>
    /// <exception cref="ArgumentException">An amount is negative, larger than the mode allows, their number is not the input's, or the output is too large.</exception>
    public Sizes OutputSize(Sizes inputSize, string name = "border padding")
    {
        SpatialMapChecks.Axes(inputSize, Low, "low amount", 0, name);
        SpatialMapChecks.Axes(inputSize, High, "high amount", 0, name);
        for (var a = 0; a < inputSize.Count; a++)
        {
            var most = Mode switch { BorderMode.Reflect => inputSize[a] - 1, BorderMode.Circular => inputSize[a], _ => int.MaxValue };
            var larger = Math.Max(Low[a], High[a]);
            if (larger > most)
            {
                throw new ArgumentException($"{name}: a border of {larger} on axis {a} of an input of {inputSize[a]}, in mode {Mode}; it may be at most {most}: pad less, or use {BorderMode.Replicate}.");
            }
        }

        return SpatialMapChecks.Memory([.. inputSize.Select((size, a) => (long)Low[a] + size + High[a])], name);
    }

    /// <summary>Makes a plan for an input [N, C, i_1 … i_d].</summary>
    /// <exception cref="ArgumentException">As for <see cref="OutputSize"/>.</exception>
    public SpatialMapPlan<T> Plan<T>(Sizes inputShape, PlanOptions? options = null, string name = "border padding")
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PoolingChecks.InputShape(inputShape, name);
        var inputSize = inputShape.From(2);
        var outputSize = OutputSize(inputSize, name);
        var axes = new List<CopyAxis> { CopyAxis.Whole(inputShape[0] * inputShape[1]) };
        for (var a = 0; a < inputSize.Count; a++)
        {
            int low = Low[a], size = inputSize[a];
            axes.Add(CopyAxis.Chosen(size, [.. Enumerable.Range(0, outputSize[a]).Select(p => Source(p - low, size))]));
        }

        var map = new CopyMap([.. axes]);
        var resolved = options ?? PlanOptions.Default;
        var vectors = resolved.Instructions != InstructionSet.Portable;
        return new SpatialMapPlan<T>(
            inputShape,
            outputSize,
            new CopyAlgorithm<T>(new StridedCopy<T>(map, T.Zero, vectors), adjoint: false),
            new CopyAlgorithm<T>(new StridedCopy<T>(map.Transposed(), T.Zero, vectors), adjoint: true),
            resolved,
            $"border {Mode}, {Low} before and {High} after");
    }

    /// <summary>The input of every position of each axis, for an input [N, C, i_1 … i_d].</summary>
    internal IReadOnlyList<AxisTaps> Taps(Sizes inputShape) =>
        [.. Low.Select((low, a) => AxisTaps.Of(inputShape[2 + a], Enumerable.Range(0, low + inputShape[2 + a] + High[a]).Select(p => Entries(p - low, inputShape[2 + a]))))];

    private (int Source, double Weight)[] Entries(int x, int size) => Source(x, size) is >= 0 and var source ? [(source, 1)] : [];

    /// <summary>The input that stands at coordinate <paramref name="x"/>, or −1 for zero.</summary>
    internal int Source(int x, int size)
    {
        if (x >= 0 && x < size) return x;
        return Mode switch
        {
            BorderMode.Reflect => x < 0 ? -x : (2 * (size - 1)) - x,
            BorderMode.Replicate => x < 0 ? 0 : size - 1,
            BorderMode.Circular => x < 0 ? x + size : x - size,
            _ => -1,
        };
    }
}
