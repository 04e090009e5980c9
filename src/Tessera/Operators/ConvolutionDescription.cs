using System.Numerics;
using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>How many biases an operator has.</summary>
public enum BiasSharing
{
    /// <summary>No bias.</summary>
    None,

    /// <summary>Shared as the kernel is: shared [M], tiled [t…, M], unshared [o…, M].</summary>
    LikeKernel,

    /// <summary>One for each output channel, [M], whatever the kernel's sharing.</summary>
    PerChannel,
}

/// <summary>
/// What a user says of a convolution: sizes, connections and sharing, for any number of spatial axes; immutable and
/// comparable. It computes cross-correlation, as the field does:
/// Z[n, m, p] = b + Σ_c Σ_q V[n, c, p·s + q·δ − lo] · K[p mod t, m, c, q] (chapter equations 9.8 to 9.10).
/// </summary>
public sealed record ConvolutionDescription
{
    /// <summary>Kernel size [k_1 … k_d]; its length is the number of spatial axes.</summary>
    public required Sizes Kernel { get; init; }

    /// <summary>Output channels M.</summary>
    public required int Outputs { get; init; }

    /// <summary>Stride per axis; empty for 1 everywhere.</summary>
    public Sizes Stride { get; init; }

    /// <summary>Dilation per axis, the distance between neighbouring kernel elements; empty for 1 everywhere.</summary>
    public Sizes Dilation { get; init; }

    /// <summary>Zero padding; valid unless said.</summary>
    public Padding Padding { get; init; } = Padding.Valid;

    /// <summary>Which inputs each output channel sees; dense unless said.</summary>
    public ChannelConnections Channels { get; init; } = ChannelConnections.Dense;

    /// <summary>Which output positions carry the same weights; shared unless said.</summary>
    public Sharing Sharing { get; init; } = Sharing.Shared;

    /// <summary>How many biases there are; shared as the kernel is unless said.</summary>
    public BiasSharing Bias { get; init; } = BiasSharing.LikeKernel;

    /// <summary>Whether the kernel is flipped on every axis: convolution in the mathematical sense instead of cross-correlation.</summary>
    public bool Flip { get; init; }

    /// <summary>The number of spatial axes d.</summary>
    public int Rank => Kernel.Count;

    /// <summary>Checks the description against an input and derives everything that follows from sizes.</summary>
    /// <param name="inputChannels">Input channels C.</param>
    /// <param name="inputSize">Input size [i_1 … i_d].</param>
    /// <param name="name">What messages call the operator, such as the name of a layer.</param>
    /// <exception cref="ArgumentException">The description contradicts itself or does not fit the input; the message names the place, the sizes and a way out.</exception>
    public OperatorGeometry Resolve(int inputChannels, Sizes inputSize, string name = "convolution")
    {
        var groups = DescriptionChecks.Channels(this, inputChannels, name);
        DescriptionChecks.Axes(this, inputSize, name);
        var axes = new AxisGeometry[Rank];
        for (var a = 0; a < Rank; a++)
        {
            int input = inputSize[a], kernel = Kernel[a], stride = StrideOn(a), dilation = DilationOn(a);
            var dilated = (dilation * (kernel - 1)) + 1;
            var (low, high) = Padding.Resolve(a, input, dilated, stride);
            var output = OperatorGeometry.OutputSizeOf(input, low, high, dilated, stride);
            DescriptionChecks.Fits(this, a, input, low + (long)high, dilated, output, name);
            axes[a] = new AxisGeometry(input, (int)output, kernel, stride, dilation, low, high, Sharing.TileOn(a, (int)output), Flip);
        }

        DescriptionChecks.Memory(this, inputChannels, axes, groups, name);
        return new OperatorGeometry(inputChannels, Outputs, groups, Channels.ConnectionTable, axes, !Sharing.IsShared);
    }

    /// <summary>Makes a plan for an input [N, C, i_1 … i_d].</summary>
    /// <exception cref="ArgumentException">As for <see cref="Resolve"/>; nothing has been allocated then.</exception>
    public ConvolutionPlan<T> Plan<T>(Sizes inputShape, PlanOptions? options = null, string name = "convolution")
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        DescriptionChecks.InputShape(this, inputShape, name);
        var geometry = Resolve(inputShape[1], inputShape.From(2), name);
        DescriptionChecks.Batch(geometry, inputShape[0], name);
        return new ConvolutionPlan<T>(this, geometry, inputShape[0], options ?? PlanOptions.Default);
    }

    /// <summary>
    /// Makes a plan for the transpose: from G [N, M, o_1 … o_d] back to an input of the size told. The plan is the one
    /// that <see cref="Plan"/> makes for that input; its input gradient is the transpose.
    /// </summary>
    /// <param name="outputShape">The shape of G, the output of the forward pass.</param>
    /// <param name="inputChannels">Input channels C of the forward pass.</param>
    /// <param name="inputSize">The original input size; one of those that <see cref="LegalInputSizes"/> lists.</param>
    /// <param name="options">How to execute.</param>
    /// <param name="name">What messages call the operator.</param>
    /// <exception cref="ArgumentException">No forward pass from that input size gives that output; the message lists the sizes that do.</exception>
    public ConvolutionPlan<T> PlanTranspose<T>(Sizes outputShape, int inputChannels, Sizes inputSize, PlanOptions? options = null, string name = "transposed convolution")
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        DescriptionChecks.InputShape(this, outputShape, name);
        if (outputShape[1] != Outputs)
        {
            throw new ArgumentException($"{name}: the gradient has {outputShape[1]} channels but the operator's outputs are {Outputs}; give a gradient of {Outputs} channels.", nameof(outputShape));
        }

        CheckOriginalSize(outputShape.From(2), inputSize, name);
        return Plan<T>([outputShape[0], inputChannels, .. inputSize.AsSpan()], options, name);
    }

    /// <summary>The input sizes, per axis, whose forward pass gives this output size: up to one per stride.</summary>
    /// <param name="axis">The axis, from 0.</param>
    /// <param name="output">The output size on that axis.</param>
    /// <returns>A range of sizes in rising order; empty where no input gives that output.</returns>
    /// <exception cref="ArgumentException">There is no such axis, or the description contradicts itself.</exception>
    public IReadOnlyList<int> LegalInputSizes(int axis, int output)
    {
        if ((uint)axis >= (uint)Rank) throw new ArgumentOutOfRangeException(nameof(axis), axis, $"convolution: the kernel {Kernel} has no axis {axis}; axes count from 0.");
        DescriptionChecks.Axes(this, Kernel, "convolution");
        if (output < 1) return [];
        int stride = StrideOn(axis), dilated = (DilationOn(axis) * (Kernel[axis] - 1)) + 1;
        long first;
        if (Padding.Rule is PaddingRule.Same or PaddingRule.SameLower)
        {
            first = ((output - 1L) * stride) + 1;
        }
        else
        {
            var (low, high) = Padding.Resolve(axis, 0, dilated, stride);
            first = ((output - 1L) * stride) + dilated - low - high;
        }

        var end = Math.Min(first + stride, DescriptionChecks.LargestSize + 1L);
        first = Math.Max(first, 1);
        return first < end ? new SizeRange((int)first, (int)(end - first)) : [];
    }

    /// <summary>Throws where <paramref name="inputSize"/> could not have given <paramref name="outputSize"/>, and lists what could.</summary>
    internal void CheckOriginalSize(Sizes outputSize, Sizes inputSize, string name)
    {
        DescriptionChecks.Axes(this, inputSize, name);
        for (var a = 0; a < Rank; a++)
        {
            var legal = LegalInputSizes(a, outputSize[a]);
            if (legal.Count > 0 && inputSize[a] >= legal[0] && inputSize[a] <= legal[^1]) continue;
            var way = legal.Count == 0
                ? $"no input gives output {outputSize[a]} with kernel {Kernel[a]} and padding {Padding}; use less padding"
                : $"legal original sizes are {(legal.Count > 8 ? $"{legal[0]} to {legal[^1]}" : string.Join(", ", legal))}";
            throw new ArgumentException(
                $"{name}: no forward pass from input size {inputSize[a]} gives output size {outputSize[a]} on axis {a}; {way}.", nameof(inputSize));
        }
    }

    /// <summary>The stride on one axis, 1 where left out.</summary>
    internal int StrideOn(int axis) => Stride.Count == 0 ? 1 : Stride[axis];

    /// <summary>The dilation on one axis, 1 where left out.</summary>
    internal int DilationOn(int axis) => Dilation.Count == 0 ? 1 : Dilation[axis];
}
