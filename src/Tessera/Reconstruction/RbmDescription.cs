using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// A convolutional restricted Boltzmann machine (Lee et al. 2009; Norouzi et al. 2009): the operator A(K) joins visible images v [N, C, i…] and
/// hidden features h [N, M, o…], whose input is I = A(K) v + b. Its sharing, stride, padding and channels may be any.
/// Binary visible units: E(v, h) = −Σ h I − Σ c v. Gaussian ones: E(v, h) = ½ Σ (v − c)² − Σ h I.
/// </summary>
public sealed record RbmDescription
{
    /// <summary>A mean beyond which data of Gaussian units is not normalised.</summary>
    private const double FarMean = 0.3;

    /// <summary>A variance beyond which, or below whose reciprocal, data of Gaussian units is not normalised.</summary>
    private const double FarVariance = 2;

    private const double Rounding = 1e-6;

    /// <summary>Its name; left empty, a belief net names it rbm1, rbm2 and so on.</summary>
    public string Name { get; init; } = "";

    /// <summary>The operator from visible to hidden units; its bias setting says how the hidden bias b is shared. The visible bias c is one per visible channel.</summary>
    public required ConvolutionDescription Operator { get; init; }

    /// <summary>The visible units; binary unless said.</summary>
    public VisibleUnits Visible { get; init; }

    /// <summary>The hidden units; binary unless said.</summary>
    public HiddenUnits Hidden { get; init; }

    /// <summary>
    /// The size per axis of the blocks of hidden units of which at most one is on (probabilistic max pooling, Lee et al. 2009); empty for none. A size
    /// that does not divide the hidden size leaves a smaller last block. For binary hidden units alone.
    /// </summary>
    public Sizes Pooling { get; init; }

    /// <summary>The shape [M, o…] of the hidden units over one visible image.</summary>
    /// <param name="visibleShape">[C, i…].</param>
    /// <exception cref="ArgumentException">The description contradicts itself or does not fit the image; the message names the place, the sizes and a way out.</exception>
    public Sizes HiddenShape(Sizes visibleShape)
    {
        var geometry = Resolve(visibleShape);
        return [geometry.OutputChannels, .. geometry.OutputSize.AsSpan()];
    }

    /// <summary>The shape [M, ⌈o / block⌉…] of what the machine gives to one above it: a number for each block, or the hidden shape where there is no pooling.</summary>
    /// <param name="visibleShape">[C, i…].</param>
    /// <exception cref="ArgumentException">As for <see cref="HiddenShape"/>.</exception>
    public Sizes CodeShape(Sizes visibleShape)
    {
        var geometry = Resolve(visibleShape);
        return [geometry.OutputChannels, .. (BlocksOf(geometry)?.Size ?? geometry.OutputSize).AsSpan()];
    }

    /// <summary>
    /// Looks at data before a training: Gaussian visible units have variance 1, so that the channels of their data should have mean 0 and variance 1;
    /// binary ones take numbers from 0 to 1, whose variance is at most mean · (1 − mean).
    /// </summary>
    /// <param name="means">The mean of each channel.</param>
    /// <param name="variances">The variance of each channel.</param>
    /// <returns>A warning that names the first channel that does not suit, its numbers and a way out; null where all do.</returns>
    public string? DataWarning(ReadOnlySpan<double> means, ReadOnlySpan<double> variances)
    {
        if (means.Length != variances.Length) throw new ArgumentException($"{Label}: {means.Length} means but {variances.Length} variances; give one of each per channel.", nameof(variances));
        for (var c = 0; c < means.Length; c++)
        {
            var (mean, variance) = (means[c], variances[c]);
            if (Visible == VisibleUnits.Gaussian && !(Math.Abs(mean) <= FarMean && variance is >= 1 / FarVariance and <= FarVariance))
            {
                return string.Create(CultureInfo.InvariantCulture, $"{Label}: Gaussian visible units have variance 1 around a mean near 0, but channel {c} of the data has mean {mean:0.###} and variance {variance:0.###}; normalise it (\"normalise\": true).");
            }

            if (Visible == VisibleUnits.Binary && !(mean is >= 0 and <= 1 && variance <= (mean * (1 - mean)) + Rounding))
            {
                return string.Create(CultureInfo.InvariantCulture, $"{Label}: binary visible units take numbers from 0 to 1, but channel {c} of the data has mean {mean:0.###} and variance {variance:0.###}, which such numbers cannot have; leave out \"normalise\", or use Gaussian visible units.");
            }
        }

        return null;
    }

    /// <summary>What messages call it.</summary>
    internal string Label => Name.Length > 0 ? Name : "rbm";

    /// <summary>All checks and all sizes.</summary>
    internal OperatorGeometry Resolve(Sizes visibleShape)
    {
        ArgumentNullException.ThrowIfNull(Operator);
        if (!Enum.IsDefined(Visible) || !Enum.IsDefined(Hidden)) throw new ArgumentException($"{Label}: units of an unknown kind ({Visible}, {Hidden}); choose binary or Gaussian visible and binary or rectified hidden units.");
        if (visibleShape.Count == 0) throw new ArgumentException($"{Label}: a visible image has a number of channels and the spatial sizes, such as [1, 28, 28]; give both.", nameof(visibleShape));
        var geometry = Operator.Resolve(visibleShape[0], visibleShape.From(1), Label);
        if (Pooling.Count == 0) return geometry;
        if (Hidden != HiddenUnits.Binary) throw new ArgumentException($"{Label}: blocks {Pooling} of probabilistic max pooling over rectified hidden units; at most one of a block is on, so use binary hidden units or leave pooling out.");
        if (Pooling.Count != Operator.Rank) throw new ArgumentException($"{Label}: pooling {Pooling} has {Pooling.Count} axes but the kernel {Operator.Kernel} has {Operator.Rank}; give one block size per spatial axis.");
        for (var axis = 0; axis < Pooling.Count; axis++)
        {
            if (Pooling[axis] >= 1 && Pooling[axis] <= geometry.OutputSize[axis]) continue;
            throw new ArgumentException($"{Label}: a pooling block of {Pooling[axis]} over hidden size {geometry.OutputSize[axis]} on axis {axis}; use 1 to {geometry.OutputSize[axis]}.");
        }

        return geometry;
    }

    /// <summary>The number of states of one example's hidden units, as an exponent of 2: a block of B units has B + 1.</summary>
    internal double HiddenStateBits(OperatorGeometry geometry)
    {
        if (BlocksOf(geometry) is not { } blocks) return geometry.OutputChannels * geometry.OutputSize.Product;
        double bits = 0;
        for (var j = 0; j < blocks.Count; j++) bits += Math.Log2(1 + blocks[j].Length);
        return geometry.OutputChannels * bits;
    }

    /// <summary>The blocks of probabilistic max pooling, or null where there are none.</summary>
    internal PoolingBlocks? BlocksOf(OperatorGeometry geometry) => Pooling.Count == 0 ? null : new PoolingBlocks(geometry.OutputSize, Pooling);
}
