using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Onnx;

/// <summary>A network that came from an ONNX model, with its weights: to be planned, drawn, run, fine-tuned and saved as any other.</summary>
/// <param name="Network">The network. Layers are called as the model's nodes are; its output is the model's first, the others are further outputs.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="InputName">What the model calls the network's input.</param>
/// <param name="Outputs">The model's outputs in its order: what it calls each, and the layer that gives it.</param>
public sealed record ImportedNetwork(
    NetworkDescription Network, NetworkParameters<float> Parameters, string InputName, IReadOnlyList<(string Name, string Layer)> Outputs)
{
    /// <summary>
    /// What the model calls the inputs that the network takes, each with the shape of one example, in the order in which they lie behind one another
    /// in a sample: each row-major and whole, also where they are channels of one shape.
    /// </summary>
    public IReadOnlyList<(string Name, Sizes Shape)> Inputs { get; init; } = [(InputName, Network.InputShape)];
}
