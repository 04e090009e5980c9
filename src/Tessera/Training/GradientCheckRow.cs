namespace Tessera.Training;

/// <summary>What the check of one layer, or of the whole network with its loss, found.</summary>
public sealed record GradientCheckRow
{
    /// <summary>The layer's name; empty for the whole network with its loss.</summary>
    public required string Layer { get; init; }

    /// <summary>The kind of layer; the loss's name for the whole network.</summary>
    public required string Kind { get; init; }

    /// <summary>The shape of the output that was checked, batch first.</summary>
    public required Sizes Output { get; init; }

    /// <summary>
    /// The worst relative error of the adjoint identities ⟨f(v) − f(0), g⟩ = ⟨v, dv⟩ and ⟨f(θ) − f(0), g⟩ = ⟨θ, dθ⟩; null where the layer is
    /// linear in neither its input v nor its parameters θ.
    /// </summary>
    public double? AdjointError { get; init; }

    /// <summary>The worst relative error of gradients against finite differences; of a sparse coder's inference, of its objective, and of its codes what they miss of a minimum's conditions.</summary>
    public required double DifferenceError { get; init; }

    /// <summary>The largest <see cref="DifferenceError"/> that passes.</summary>
    public double DifferenceAllowed { get; init; } = GradientCheck.DifferenceTolerance;

    /// <summary>The tensor with the worst error: <c>input</c> or a parameter's name; empty where there is no error at all.</summary>
    public required string Worst { get; init; }

    /// <summary>Directions along which differences were compared.</summary>
    public required int Compared { get; init; }

    /// <summary>Directions that were passed over, for lying at a kink.</summary>
    public required int PassedOver { get; init; }

    /// <summary>Whether all errors are within what rounding explains, and something was compared.</summary>
    public required bool Passed { get; init; }
}
