using System.Numerics;
using Tessera.Execution;

namespace Tessera.Training;

/// <summary>A compiled network with room for the gradient of its output, on row-major memory as batches and losses have it; a pass makes no objects.</summary>
internal sealed class FlatExecution<T>(NetworkExecution<T> network)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] outputGradient = new T[network.OutputShape.Product];

    /// <summary>The network itself.</summary>
    public NetworkExecution<T> Network { get; } = network;

    /// <summary>Where the loss puts its gradient for <see cref="Backward"/>.</summary>
    public Span<T> OutputGradient => outputGradient;

    /// <summary>The output for a whole batch of inputs; it stands until the next pass.</summary>
    public ReadOnlySpan<T> Forward(scoped ReadOnlySpan<T> input) => Network.Forward(input);

    /// <summary>The gradients of the parameters for <see cref="OutputGradient"/>.</summary>
    public void Backward() => Network.Backward((ReadOnlySpan<T>)outputGradient);
}
