using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>
/// The decoder with tied weights: the transpose (chapter equation 9.12) of the very kernel of an earlier convolution or dense layer, from
/// that layer's output shape [N, M, o…] back to its input shape [N, C, i…], so that every size, stride, padding, table and tile goes there and
/// back. Both layers read the one kernel, and both gradients meet in it; an optimiser sees it once, under its owner's name. The only parameter
/// of its own is <c>bias</c> [C]: one for each output channel, which is one for each feature where the output is flat.
/// </summary>
/// <param name="Of">The name of the convolution or dense layer whose kernel this is.</param>
public sealed record TiedTranspose(string Of) : Layer
{
    /// <summary>Whether there is a bias, one for each output channel.</summary>
    public bool Bias { get; init; } = true;

    /// <inheritdoc/>
    public override string Kind => "tied-transpose";

    /// <inheritdoc/>
    public override string ShortName => "tied";

    /// <inheritdoc/>
    public override string? Reference => Of;

    internal override bool TakesKernelOfReference => true;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0] == inputs[1]
        ? inputs[2]
        : throw Misfit($"the input {inputs[0]} has another shape than the output {inputs[1]} of {Of}, which its kernel's transpose takes; bring it to that shape first.");

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) =>
        Bias ? [new ParameterDescription("bias", [inputs[2][1]], 0, 0, ParameterRole.Bias)] : [];

    internal override void CheckReference(Layer? referenced)
    {
        if (referenced is Convolution or Dense) return;
        throw Misfit($"{Of} is {(referenced is null ? "the network's input" : "of kind " + referenced.Kind)}; name a convolution or dense layer, whose kernel is to be transposed.");
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        var options = context.Options.ToPlanOptions(Operation.InputGradient);
        var plan = context.Referenced is Convolution convolution
            ? (convolution.Operator with { Bias = BiasSharing.None }).Plan<T>(context.Output, options, Label)
            : ((Dense)context.Referenced!).Plan<T>(context.Output, BiasSharing.None, options, Label);
        return new TransposedConvolutionExecution<T>(plan, context.Output, Bias);
    }
}
