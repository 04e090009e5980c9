using Tessera.Connections;

namespace Tessera.Execution;

/// <summary>What is known of a layer before it runs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind, as in a model file.</param>
/// <param name="Inputs">The names of its inputs, those left out filled in.</param>
/// <param name="InputShapes">The shapes of its inputs, [N, C, …].</param>
/// <param name="OutputShape">The shape of its output, [N, …].</param>
/// <param name="Axes">
/// Its spatial connections, axis by axis: padding really used, sizes, and the inputs that nothing reads. Empty for a layer
/// that is no window over positions; for a transposed convolution those of the forward operator, whose input is this
/// layer's output.
/// </param>
/// <param name="ParameterCount">The elements of its parameters, statistics among them.</param>
/// <param name="MultiplyAdds">Multiply-adds of one forward pass over the batch, padding counted out.</param>
/// <param name="ActivationBytes">What its output takes.</param>
/// <param name="IsInPlace">Whether its output stands where an input stood, and takes no memory of its own.</param>
/// <param name="StateBytes">What it keeps from the forward to the backward pass, or for an unpooling, besides activations.</param>
/// <param name="WorkspaceBytes">What its kernels work in, over all threads; layers use one workspace by turns.</param>
public sealed record LayerReport(
    string Name,
    string Kind,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<Sizes> InputShapes,
    Sizes OutputShape,
    IReadOnlyList<AxisGeometry> Axes,
    long ParameterCount,
    long MultiplyAdds,
    long ActivationBytes,
    bool IsInPlace,
    long StateBytes,
    long WorkspaceBytes);
