using System.Numerics;
using Tessera.Operators;

namespace Tessera.Execution;

/// <summary>Where a layer's tensors stand; decided once, when the network's memory is laid out.</summary>
internal sealed unsafe class LayerMemory<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The inputs' activations.</summary>
    public required T*[] Inputs { get; init; }

    /// <summary>This layer's activations; the same address as an input's where it works in place.</summary>
    public required T* Output { get; init; }

    /// <summary>The gradient for the output, in training.</summary>
    public required T* OutputGradient { get; init; }

    /// <summary>The gradients for the inputs, null where nobody wants one.</summary>
    public required T*[] InputGradients { get; init; }

    /// <summary>For each input, whether its gradient is added to: another user of the same input has written it already.</summary>
    public required bool[] Accumulate { get; init; }

    /// <summary>What the forward pass leaves for the backward pass, or for a layer that refers to this one.</summary>
    public required byte* State { get; init; }

    /// <summary>The state of the layer that this one refers to.</summary>
    public required byte* ReferenceState { get; init; }

    /// <summary>The layer's parameters, in order; before them, where it has the kernel of the layer that it refers to, that kernel.</summary>
    public required T*[] Parameters { get; init; }

    /// <summary>Their gradients, null for statistics; overwritten by the backward pass.</summary>
    public required T*[] ParameterGradients { get; init; }

    /// <summary>Whether the first parameter's gradient is added to instead: another layer with the same kernel has written it already.</summary>
    public required bool AccumulateKernel { get; init; }

    /// <summary>The workspace that all layers share.</summary>
    public required Workspace<T> Workspace { get; init; }
}
