using System.Numerics.Tensors;
using Tessera.Onnx.Format;

namespace Tessera.Onnx;

/// <summary>What an import cannot know from the file.</summary>
public sealed record OnnxImportOptions
{
    /// <summary>The shape of one example, [C, i…], for a model whose input has sizes without numbers; empty to take the model's.</summary>
    public Sizes InputShape { get; init; }

    /// <summary>The input that becomes the network's, for a model of several; null for the only one left by <see cref="Constants"/>.</summary>
    public string? Input { get; init; }

    /// <summary>
    /// Inputs that together become the network's, in this order: one behind another along the first axis of an example (its channels) where they
    /// are alike on all others, and else each as one row, [∑ elements]. The network cuts them apart again. Empty for <see cref="Input"/>.
    /// </summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>The shapes of one example of <see cref="Inputs"/>, by name, for those whose sizes the model leaves open.</summary>
    public IReadOnlyDictionary<string, Sizes> InputShapes { get; init; } = new Dictionary<string, Sizes>();

    /// <summary>Inputs that become constants, for what is the same for every sample.</summary>
    public IReadOnlyDictionary<string, Tensor<float>> Constants { get; init; } = new Dictionary<string, Tensor<float>>();

    /// <summary>Inputs that become constants of any kind of element.</summary>
    internal IReadOnlyList<OnnxTensor> Tensors { get; init; } = [];

    /// <summary>
    /// Whether the first axis of the model's input is the batch, as it is in convnets. Where it is not, the whole input is one example, and
    /// every axis of the model comes one later in the network.
    /// </summary>
    public bool FirstAxisIsBatch { get; init; } = true;
}
