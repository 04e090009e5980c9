using Tessera.Connections;

namespace Tessera.Execution;

/// <summary>What one layer of a network comes to, before any training.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="OutputShape">The shape of its output for one example, [C, o…].</param>
/// <param name="Axes">Its window on each spatial axis: sizes and the padding really used; empty where it has none.</param>
/// <param name="IsTransposed">Whether the window runs backwards: its inputs are the axes' outputs, its outputs their inputs.</param>
/// <param name="ReceptiveField">For each axis of the network's input, what its positions depend on.</param>
/// <param name="Parameters">Elements of its parameters, statistics among them.</param>
/// <param name="MultiplyAdds">Multiply-adds of a forward pass of one example, padding counted out.</param>
/// <param name="ParameterBytes">What its parameters take.</param>
/// <param name="ActivationBytes">What its output takes for the whole batch, were its memory not shared.</param>
/// <param name="WorkspaceBytes">What its kernels work in, over all threads.</param>
public sealed record LayerPlan(
    string Name,
    string Kind,
    Sizes OutputShape,
    IReadOnlyList<AxisGeometry> Axes,
    bool IsTransposed,
    IReadOnlyList<AxisReceptiveField> ReceptiveField,
    long Parameters,
    long MultiplyAdds,
    long ParameterBytes,
    long ActivationBytes,
    long WorkspaceBytes)
{
    /// <summary>Whether inputs on some axis are never read.</summary>
    public bool DropsInputs => !IsTransposed && Axes.Any(static axis => axis.UnreadInputs() > 0);

    /// <summary>Whether the window has a single position on every axis: it never moves.</summary>
    public bool NeverMoves => !IsTransposed && Axes.Count > 0 && Axes.All(static axis => axis.Output == 1) && Axes.Any(static axis => axis.Kernel > 1);
}
