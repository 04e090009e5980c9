using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Execution;

namespace Tessera.Training;

/// <summary>A compiled network on row-major memory, as batches and losses have it; a pass makes no objects.</summary>
internal sealed class FlatExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly nint[] inputLengths;
    private readonly nint[] outputLengths;
    private readonly T[] outputGradient;

    public FlatExecution(NetworkExecution<T> network)
    {
        Network = network;
        inputLengths = network.InputShape.ToLengths();
        outputLengths = network.OutputShape.ToLengths();
        outputGradient = new T[network.OutputShape.Product];
    }

    /// <summary>The network itself.</summary>
    public NetworkExecution<T> Network { get; }

    /// <summary>Where the loss puts its gradient for <see cref="Backward"/>.</summary>
    public Span<T> OutputGradient => outputGradient;

    /// <summary>The output for a whole batch of inputs; it stands until the next pass.</summary>
    public ReadOnlySpan<T> Forward(ReadOnlySpan<T> input)
    {
        var output = Network.Forward(new ReadOnlyTensorSpan<T>(input, inputLengths));
        return MemoryMarshal.CreateReadOnlySpan(in output.GetPinnableReference(), outputGradient.Length);
    }

    /// <summary>The gradients of the parameters for <see cref="OutputGradient"/>.</summary>
    public void Backward() => Network.Backward(new ReadOnlyTensorSpan<T>(outputGradient, outputLengths));
}
