using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Gives its parameter <c>value</c>, whatever the input and the batch: a layer without inputs, for others to combine with. Its shape has no
/// batch; where it meets a batch, it is repeated over it.
/// </summary>
/// <param name="Shape">The whole shape of the value, each size from 1; empty for a single number, whose parameter has the shape [1].</param>
public sealed record Constant(Sizes Shape) : Layer
{
    /// <summary>Whether training changes the value.</summary>
    public bool IsTrained { get; init; }

    /// <summary>What every element begins at.</summary>
    public double InitialValue { get; init; }

    /// <inheritdoc/>
    public override string Kind => "constant";

    /// <inheritdoc/>
    public override int? InputCount => 0;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (Shape.Any(static size => size < 1)) throw Misfit($"the shape {Shape} must have sizes of at least 1.");
        if (!double.IsFinite(InitialValue)) throw Misfit(FormattableString.Invariant($"initial value {InitialValue}; a finite number is needed."));
        return Shape;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) =>
        [new("value", Shape.Count == 0 ? [1] : Shape, 0, 0, IsTrained ? ParameterRole.Bias : ParameterRole.Constant) { InitialValue = InitialValue }];

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ConstantExecution<T>(context.Output.Product);
}
