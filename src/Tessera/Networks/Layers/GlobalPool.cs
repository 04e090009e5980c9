using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>One number for each channel over all positions: [N, C, i…] to [N, C, 1, …].</summary>
/// <param name="Pooling">What is made of the positions: their mean unless said.</param>
public sealed record GlobalPool(PoolingKind Pooling = PoolingKind.Average) : Layer
{
    /// <summary>The exponent p of <see cref="PoolingKind.Lp"/>, at least 1.</summary>
    public double P { get; init; } = 2;

    /// <inheritdoc/>
    public override string Kind => "global-pool";

    /// <inheritdoc/>
    public override string ShortName => "pool";

    /// <summary>The same as an operator.</summary>
    public PoolingDescription Operator => new() { Kind = Pooling, P = P };

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => PoolShape.Of(this, Operator, inputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<AxisGeometry> Axes(IReadOnlyList<Sizes> inputs) => Operator.Resolve(inputs[0].From(2), Label);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new PoolingExecution<T>(Operator, Label, context);
}
