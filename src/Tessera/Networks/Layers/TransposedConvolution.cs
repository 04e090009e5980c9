using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels;
using Tessera.Networks.Initialisers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>
/// The transpose of a convolution of any connections and sharing (chapter equation 9.12): from [N, M, o…], the forward
/// operator's output, to [N, C, i…], its input. Parameters: <c>kernel</c>, of the forward operator's shape, and
/// <c>bias</c> [C]. Several sizes i have the same o once a stride is above 1, so the size is said in one of three ways:
/// <see cref="OriginalSize"/>, <see cref="SizeOf"/>, or <see cref="OutputPadding"/>, which is 0 where nothing is said.
/// </summary>
/// <param name="Operator">The forward operator whose transpose this is. Its bias setting is not used: the bias belongs to this layer's own output.</param>
/// <param name="OutputChannels">C, the channels of this layer's output.</param>
public sealed record TransposedConvolution(ConvolutionDescription Operator, int OutputChannels) : Layer
{
    private readonly ConvolutionDescription forward = Operator with { Bias = BiasSharing.None };

    /// <summary>The forward operator; its bias is none.</summary>
    public ConvolutionDescription Operator
    {
        get => forward;
        init => forward = value with { Bias = BiasSharing.None };
    }

    /// <summary>The spatial size [i_1 … i_d] of this layer's output; empty to leave it to the others.</summary>
    public Sizes OriginalSize { get; init; }

    /// <summary>What is added, per axis, to the smallest size that gives this layer's input: 0 to stride − 1; empty for 0.</summary>
    public Sizes OutputPadding { get; init; }

    /// <summary>A layer whose spatial size this one restores (or <c>input</c>); null to leave it to the others.</summary>
    public string? SizeOf { get; init; }

    /// <summary>Whether there is a bias, one for each output channel.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>How the kernel begins; null for the network's default.</summary>
    public Initialiser? Initialiser { get; init; }

    /// <inheritdoc/>
    public override string Kind => "transposed-convolution";

    /// <inheritdoc/>
    public override string ShortName => "deconv";

    /// <inheritdoc/>
    public override string? Reference => SizeOf;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) =>
        [inputs[0][0], OutputChannels, .. Resolve(inputs).InputSize.AsSpan()];

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs)
    {
        var kernel = KernelParameter.Of(Resolve(inputs), transposed: true, Initialiser);
        return Bias ? [kernel, new ParameterDescription("bias", [OutputChannels], 0, 0, ParameterRole.Bias)] : [kernel];
    }

    /// <summary>The forward operator's axes: their input is this layer's output.</summary>
    public override IReadOnlyList<AxisGeometry> Axes(IReadOnlyList<Sizes> inputs) => Resolve(inputs).Axes.ToArray();

    /// <inheritdoc/>
    public override long MultiplyAdds(IReadOnlyList<Sizes> inputs) => checked(inputs[0][0] * Resolve(inputs).MultiplyAdds);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new TransposedConvolutionExecution<T>(
            Operator.PlanTranspose<T>(context.Inputs[0], OutputChannels, context.Output.From(2), context.Options.ToPlanOptions(Operation.InputGradient), Label),
            context.Output,
            Bias);

    internal OperatorGeometry Resolve(IReadOnlyList<Sizes> inputs)
    {
        DescriptionChecks.InputShape(Operator, inputs[0], Label);
        if (inputs[0][1] != Operator.Outputs)
        {
            throw Misfit($"the input {inputs[0]} has {inputs[0][1]} channels but the forward operator has {Operator.Outputs} outputs, which are this layer's input; set the operator's outputs to {inputs[0][1]}.");
        }

        if (OutputChannels < 1) throw Misfit($"{OutputChannels} output channels; at least 1 is needed.");
        var output = inputs[0].From(2);
        var size = OriginalSizeFor(output, inputs);
        Operator.CheckOriginalSize(output, size, Label);
        return Operator.Resolve(OutputChannels, size, Label);
    }

    private Sizes OriginalSizeFor(Sizes output, IReadOnlyList<Sizes> inputs)
    {
        if ((OriginalSize.Count > 0 ? 1 : 0) + (OutputPadding.Count > 0 ? 1 : 0) + (SizeOf is null ? 0 : 1) > 1)
        {
            throw Misfit("its size is said more than once; keep one of the original size, the output padding and the layer whose size it restores.");
        }

        if (OriginalSize.Count > 0) return OriginalSize;
        if (SizeOf is not null) return inputs[1].Count > 2 ? inputs[1].From(2) : throw Misfit($"{SizeOf} has shape {inputs[1]}, without spatial axes; name a layer that has {Operator.Rank}.");
        // The operator's own checks of its lists come first, on a size that stands for any.
        DescriptionChecks.Axes(Operator, output, Label);
        if (OutputPadding.Count > 0 && OutputPadding.Count != Operator.Rank)
        {
            throw Misfit($"the output padding {OutputPadding} has {OutputPadding.Count} axes but the kernel {Operator.Kernel} has {Operator.Rank}; give one number per spatial axis.");
        }

        var size = new int[Operator.Rank];
        for (var a = 0; a < size.Length; a++)
        {
            var legal = Operator.LegalInputSizes(a, output[a]);
            if (legal.Count == 0) throw Misfit($"no input gives output {output[a]} on axis {a} with kernel {Operator.Kernel[a]} and padding {Operator.Padding}; use less padding.");
            var extra = OutputPadding.Count == 0 ? 0 : OutputPadding[a];
            if (extra < 0 || extra >= legal.Count)
            {
                throw Misfit($"output padding {extra} on axis {a}; with stride {Operator.StrideOn(a)} it can be 0 to {legal.Count - 1} (sizes {legal[0]} to {legal[^1]}).");
            }

            size[a] = legal[extra];
        }

        return Sizes.Create(size);
    }
}
