using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>The p-norm of each window, channel by channel: (Σ|v|ᵖ)^(1/p).</summary>
public sealed record LpPool : Layer
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

    /// <summary>The exponent p, at least 1.</summary>
    public double P { get; init; } = 2;

    /// <inheritdoc/>
    public override string Kind => "lp-pool";

    /// <inheritdoc/>
    public override string ShortName => "pool";

    /// <summary>The same as an operator.</summary>
    public PoolingDescription Operator => new()
    {
        Kind = PoolingKind.Lp,
        Window = Window,
        Stride = Stride,
        Dilation = Dilation,
        Padding = Padding,
        CeilMode = CeilMode,
        P = P,
    };

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => PoolShape.Of(this, Operator, inputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<AxisGeometry> Axes(IReadOnlyList<Sizes> inputs) => Operator.Resolve(inputs[0].From(2), Label);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new PoolingExecution<T>(Operator, Label, context);
}
