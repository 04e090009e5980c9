using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>The largest element of each window, channel by channel. Its winners' positions are kept for the backward pass and for <see cref="MaxUnpool"/>.</summary>
public sealed record MaxPool : Layer
{
    /// <summary>Window size per axis.</summary>
    public required Sizes Window { get; init; }

    /// <summary>Stride per axis; empty for the window's size.</summary>
    public Sizes Stride { get; init; }

    /// <summary>Dilation per axis, the distance between neighbouring window elements; empty for 1 everywhere.</summary>
    public Sizes Dilation { get; init; }

    /// <summary>How far windows may reach over the edges; valid unless said.</summary>
    public Padding Padding { get; init; } = Padding.Valid;

    /// <summary>Whether a last window that reaches past the padded input counts too.</summary>
    public bool CeilMode { get; init; }

    /// <inheritdoc/>
    public override string Kind => "max-pool";

    /// <inheritdoc/>
    public override string ShortName => "pool";

    /// <summary>The same as an operator.</summary>
    public PoolingDescription Operator => new()
    {
        Kind = PoolingKind.Max,
        Window = Window,
        Stride = Stride,
        Dilation = Dilation,
        Padding = Padding,
        CeilMode = CeilMode,
    };

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => PoolShape.Of(this, Operator, inputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<AxisGeometry> Axes(IReadOnlyList<Sizes> inputs) => Operator.Resolve(inputs[0].From(2), Label);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new PoolingExecution<T>(Operator, Label, context);
}
