using System.Numerics;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels;
using Tessera.Networks.Initialisers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>
/// Every output sees every input: Z[n, m] = b[m] + Σ_c V[n, c] K[m, c]. An input with spatial axes is flattened first.
/// Parameters: <c>kernel</c> [M, C] and <c>bias</c> [M].
/// </summary>
/// <param name="Outputs">Outputs M.</param>
public sealed record Dense(int Outputs) : Layer
{
    /// <summary>Whether there is a bias.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>How the kernel begins; null for the network's default.</summary>
    public Initialiser? Initialiser { get; init; }

    /// <inheritdoc/>
    public override string Kind => "dense";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (Outputs < 1) throw Misfit($"{Outputs} outputs; at least 1 is needed.");
        var features = inputs[0].From(1).Product;
        if (features * Outputs > int.MaxValue)
        {
            throw Misfit($"{features} inputs to {Outputs} outputs need a kernel of more than {int.MaxValue} elements; pool the input {inputs[0]} first or use fewer outputs.");
        }

        return [inputs[0][0], Outputs];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs)
    {
        InferShape(inputs);
        var features = (int)inputs[0].From(1).Product;
        var kernel = new ParameterDescription("kernel", [Outputs, features], features, Outputs, ParameterRole.Weight)
        {
            Initialiser = Initialiser,
            Matrices = [1, Outputs, features],
        };
        return Bias ? [kernel, new ParameterDescription("bias", [Outputs], 0, 0, ParameterRole.Bias)] : [kernel];
    }

    /// <inheritdoc/>
    public override long MultiplyAdds(IReadOnlyList<Sizes> inputs) => checked(inputs[0].Product * Outputs);

    /// <summary>A convolution with a single position, over an input of this shape: its kernel [M, C, 1] is the same memory as [M, C].</summary>
    internal ConvolutionPlan<T> Plan<T>(Sizes input, BiasSharing bias, PlanOptions options, string label)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        new ConvolutionDescription { Kernel = [1], Outputs = Outputs, Bias = bias }.Plan<T>([input[0], (int)input.From(1).Product, 1], options, label);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ConvolutionExecution<T>(Plan<T>(context.Inputs[0], Bias ? BiasSharing.LikeKernel : BiasSharing.None, context.Options.ToPlanOptions(Operation.Forward), Label));
}
