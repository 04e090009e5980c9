using System.Numerics;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>An operator's plan with a workspace of its own, run on row-major numbers: the three operations that reconstruction is made of. A run allocates nothing.</summary>
internal sealed unsafe class OperatorRun<T>(ConvolutionPlan<T> plan)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Workspace<T> workspace = plan.CreateWorkspace();

    public ConvolutionPlan<T> Plan { get; } = plan;

    /// <summary>Z = b + A(K) V, or added to Z.</summary>
    public void Forward(ReadOnlySpan<T> input, ReadOnlySpan<T> kernel, ReadOnlySpan<T> bias, Span<T> output, bool accumulate = false)
    {
        fixed (T* v = input, k = kernel, b = bias, z = output) Plan.Forward(v, k, b, z, workspace, accumulate);
    }

    /// <summary>dK = g(G, V) and db, or added to them; an empty <paramref name="biasGradient"/> where there is no bias.</summary>
    public void KernelGradient(ReadOnlySpan<T> input, ReadOnlySpan<T> outputGradient, Span<T> kernelGradient, Span<T> biasGradient, bool accumulate = false)
    {
        fixed (T* v = input, g = outputGradient, dk = kernelGradient, db = biasGradient) Plan.KernelGradient(v, g, dk, db, workspace, accumulate);
    }

    /// <summary>dV = A(K)ᵀ G, or added to dV.</summary>
    public void InputGradient(ReadOnlySpan<T> kernel, ReadOnlySpan<T> outputGradient, Span<T> inputGradient, bool accumulate = false)
    {
        fixed (T* k = kernel, g = outputGradient, dv = inputGradient) Plan.InputGradient(k, g, dv, workspace, accumulate);
    }
}
