using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels;

namespace Tessera.Operators;

/// <summary>
/// A kernel as the algorithms of one plan read it, laid out once for many runs: see <see cref="ConvolutionPlan{T}.PackKernel"/>. A run with it
/// gives the bits that the plan's own gives with the kernel. Any number of runs may use it at once, but none while it is updated.
/// </summary>
public sealed unsafe class PackedKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Part forward;
    private readonly Part inputGradient;
    private readonly AlignedMemory? copy;

    internal PackedKernel(ConvolutionPlan<T> plan, Algorithm<T>? forward, Algorithm<T>? inputGradient)
    {
        Plan = plan;
        (this.forward, this.inputGradient) = (new Part(forward), new Part(inputGradient));
        if (this.forward.ReadsKernel || this.inputGradient.ReadsKernel) copy = new AlignedMemory(plan.KernelShape.Product * sizeof(T));
    }

    /// <summary>The plan that it is for.</summary>
    public ConvolutionPlan<T> Plan { get; }

    /// <summary>The bytes that it takes.</summary>
    public long Bytes => forward.Bytes + inputGradient.Bytes + (copy?.Bytes ?? 0);

    /// <summary>Whether the algorithms read kernels as they lie, so that packing saves nothing.</summary>
    internal bool IsOnlyCopied => forward.Bytes + inputGradient.Bytes == 0;

    /// <summary>The kernel where it is read as it lies, else null.</summary>
    internal T* Kernel => copy is null ? null : (T*)copy.Start;

    /// <summary>What the forward pass's algorithm laid out, or null where it reads the kernel as it lies.</summary>
    internal T* ForForward => forward.First;

    /// <summary>The same of the input gradient's.</summary>
    internal T* ForInputGradient => inputGradient.First;

    /// <summary>Lays another kernel out in the same memory.</summary>
    /// <param name="kernel">K, of the plan's <see cref="ConvolutionPlan{T}.KernelShape"/>.</param>
    /// <param name="workspace">A workspace of the plan.</param>
    /// <exception cref="ArgumentException">The kernel has another shape or is not dense.</exception>
    public void Update(in ReadOnlyTensorSpan<T> kernel, Workspace<T>? workspace = null)
    {
        TensorChecks.Dense(kernel, Plan.KernelShape, "kernel");
        var rented = workspace ?? Plan.Rent();
        fixed (T* k = &kernel.GetPinnableReference())
        {
            if (copy is not null) new Span<T>(k, checked((int)Plan.KernelShape.Product)).CopyTo(copy.Elements<T>(0, checked((int)Plan.KernelShape.Product)));
            forward.LayOut(k, rented);
            inputGradient.LayOut(k, rented);
        }

        if (workspace is null) Plan.GiveBack(rented);
        GC.KeepAlive(this);
    }

    /// <summary>Z = b + A(K) V, as the plan computes it.</summary>
    /// <param name="input">V [N, C, i…].</param>
    /// <param name="bias">b, or default to add none.</param>
    /// <param name="output">Z [N, M, o…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of the plan.</param>
    /// <param name="accumulate">Whether to add to the output.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or the output overlaps the input.</exception>
    /// <exception cref="InvalidOperationException">The kernel was not packed for the forward pass.</exception>
    public void Forward(in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> bias, in TensorSpan<T> output, Workspace<T>? workspace = null, bool accumulate = false)
    {
        forward.Check(KernelUse.Forward);
        Plan.Forward(input, default, this, bias, output, workspace, accumulate);
    }

    /// <summary>dV = A(K)ᵀ G, as the plan computes it.</summary>
    /// <param name="outputGradient">G [N, M, o…].</param>
    /// <param name="inputGradient">dV [N, C, i…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of the plan.</param>
    /// <param name="accumulate">Whether to add to the gradient.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or the gradient overlaps the output gradient.</exception>
    /// <exception cref="InvalidOperationException">The kernel was not packed for the input gradient.</exception>
    public void InputGradient(in ReadOnlyTensorSpan<T> outputGradient, in TensorSpan<T> inputGradient, Workspace<T>? workspace = null, bool accumulate = false)
    {
        this.inputGradient.Check(KernelUse.InputGradient);
        Plan.InputGradient(default, this, outputGradient, inputGradient, workspace, accumulate);
    }

    /// <summary>What one operation's algorithm laid out.</summary>
    private readonly struct Part(Algorithm<T>? algorithm)
    {
        private readonly AlignedMemory? packed = algorithm is { PackedElements: > 0 } ? new AlignedMemory(algorithm.PackedElements * sizeof(T)) : null;

        public T* First => packed is null ? null : (T*)packed.Start;

        public long Bytes => packed?.Bytes ?? 0;

        public bool ReadsKernel => algorithm is { PackedElements: 0 };

        public void LayOut(T* kernel, Workspace<T> workspace)
        {
            if (packed is not null) workspace.Pack(algorithm!, kernel, First);
        }

        public void Check(KernelUse use)
        {
            if (algorithm is null) throw new InvalidOperationException($"packed kernel: it was not packed for {use}; give PackKernel that use.");
        }
    }
}
