using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels;
using Tessera.Networks.Initialisers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>
/// A convolution of any connections and sharing: [N, C, i…] to [N, M, o…], with parameters <c>kernel</c> and, unless the
/// operator has none, <c>bias</c>.
/// </summary>
/// <param name="Operator">The operator.</param>
public sealed record Convolution(ConvolutionDescription Operator) : Layer
{
    /// <summary>How the kernel begins; null for the network's default.</summary>
    public Initialiser? Initialiser { get; init; }

    /// <inheritdoc/>
    public override string Kind => "convolution";

    /// <inheritdoc/>
    public override string ShortName => "conv";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) =>
        [inputs[0][0], Operator.Outputs, .. Resolve(inputs).OutputSize.AsSpan()];

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs)
    {
        var geometry = Resolve(inputs);
        var kernel = KernelParameter.Of(geometry, transposed: false, Initialiser);
        if (Operator.Bias == BiasSharing.None) return [kernel];
        var perChannel = Operator.Bias == BiasSharing.PerChannel || !geometry.HasTileAxes;
        var shape = (perChannel ? Sizes.Empty : geometry.Tile).Append([Operator.Outputs]);
        return [kernel, new ParameterDescription("bias", shape, 0, 0, ParameterRole.Bias)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<AxisGeometry> Axes(IReadOnlyList<Sizes> inputs) => Resolve(inputs).Axes.ToArray();

    /// <inheritdoc/>
    public override long MultiplyAdds(IReadOnlyList<Sizes> inputs) => checked(inputs[0][0] * Resolve(inputs).MultiplyAdds);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ConvolutionExecution<T>(Operator.Plan<T>(context.Inputs[0], context.Options.ToPlanOptions(Operation.Forward), Label));

    internal OperatorGeometry Resolve(IReadOnlyList<Sizes> inputs)
    {
        DescriptionChecks.InputShape(Operator, inputs[0], Label);
        return Operator.Resolve(inputs[0][1], inputs[0].From(2), Label);
    }
}
