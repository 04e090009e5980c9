using System.Numerics;
using Tessera.Networks;

namespace Tessera.Execution;

/// <summary>The memory that an execution of a network takes, known before any of it is allocated.</summary>
/// <param name="ActivationBytes">Activations and, in training, their gradients and what layers keep between the passes, sharing memory where lifetimes allow.</param>
/// <param name="UnsharedActivationBytes">What the same would take if nothing shared memory.</param>
/// <param name="WorkspaceBytes">What kernels work in, over all threads.</param>
/// <param name="ParameterBytes">Parameters, statistics among them.</param>
/// <param name="GradientBytes">The gradients of trained parameters; 0 outside training.</param>
public sealed record MemoryPlan(long ActivationBytes, long UnsharedActivationBytes, long WorkspaceBytes, long ParameterBytes, long GradientBytes)
{
    /// <summary>All of it together.</summary>
    public long TotalBytes => ActivationBytes + WorkspaceBytes + ParameterBytes + GradientBytes;

    /// <summary>Lays out the memory of a network in elements of type T, and allocates none of it.</summary>
    /// <exception cref="ArgumentException">The batch is below 1, or a layer cannot run so.</exception>
    public static MemoryPlan Of<T>(NetworkDescription network, int batch, ExecutionOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        new NetworkSchedule<T>(network, batch, options ?? ExecutionOptions.Inference).Memory;
}
