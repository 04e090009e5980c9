using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    private readonly Memory copy;

    internal PackedKernel(ConvolutionPlan<T> plan, Algorithm<T>? forward, Algorithm<T>? inputGradient)
    {
        Plan = plan;
        (this.forward, this.inputGradient) = (new Part(forward), new Part(inputGradient));
        if (this.forward.ReadsKernel || this.inputGradient.ReadsKernel) copy = new Memory(plan.KernelShape.Product);
    }

    /// <summary>The plan that it is for.</summary>
    public ConvolutionPlan<T> Plan { get; }

    /// <summary>The bytes that it takes.</summary>
    public long Bytes => forward.Packed.Bytes + inputGradient.Packed.Bytes + copy.Bytes;

    /// <summary>Whether the algorithms read kernels as they lie, so that packing saves nothing.</summary>
    internal bool IsOnlyCopied => forward.Packed.Bytes + inputGradient.Packed.Bytes == 0;

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
            if (copy.First != null) new Span<T>(k, checked((int)Plan.KernelShape.Product)).CopyTo(new Span<T>(copy.First, checked((int)Plan.KernelShape.Product)));
            forward.LayOut(k, rented);
            inputGradient.LayOut(k, rented);
        }

        if (workspace is null) Plan.GiveBack(rented);
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
        TensorChecks.Dense(input, Plan.InputShape, "input");
        TensorChecks.Optional(bias, Plan.BiasShape, "bias");
        TensorChecks.Dense<T>(output, Plan.OutputShape, "output");
        fixed (T* v = &input.GetPinnableReference(), b = &bias.GetPinnableReference(), z = &output.GetPinnableReference())
        {
            TensorChecks.Apart(z, Plan.OutputShape, v, Plan.InputShape, "output", "input");
            var rented = workspace ?? Plan.Rent();
            Plan.Forward(v, copy.First, bias.IsEmpty ? null : b, z, rented, accumulate, forward.Packed.First);
            if (workspace is null) Plan.GiveBack(rented);
        }
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
        TensorChecks.Dense(outputGradient, Plan.OutputShape, "output gradient");
        TensorChecks.Dense<T>(inputGradient, Plan.InputShape, "input gradient");
        fixed (T* g = &outputGradient.GetPinnableReference(), v = &inputGradient.GetPinnableReference())
        {
            TensorChecks.Apart(v, Plan.InputShape, g, Plan.OutputShape, "input gradient", "output gradient");
            var rented = workspace ?? Plan.Rent();
            Plan.InputGradient(copy.First, g, v, rented, accumulate, this.inputGradient.Packed.First);
            if (workspace is null) Plan.GiveBack(rented);
        }
    }

    /// <summary>What one operation's algorithm laid out.</summary>
    private readonly struct Part(Algorithm<T>? algorithm)
    {
        public Memory Packed { get; } = new(algorithm?.PackedElements ?? 0);

        public bool ReadsKernel => algorithm is { PackedElements: 0 };

        public void LayOut(T* kernel, Workspace<T> workspace)
        {
            if (algorithm is { PackedElements: > 0 }) workspace.Pack(algorithm, kernel, Packed.First);
        }

        public void Check(KernelUse use)
        {
            if (algorithm is null) throw new InvalidOperationException($"packed kernel: it was not packed for {use}; give PackKernel that use.");
        }
    }

    /// <summary>Elements that stand still, at a line of memory.</summary>
    private readonly struct Memory
    {
        private const int Alignment = 64;
        private readonly T[]? elements;

        public Memory(long count)
        {
            if (count == 0) return;
            elements = GC.AllocateUninitializedArray<T>(checked((int)(count + (Alignment / sizeof(T)))), pinned: true);
            First = (T*)(((nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(elements)) + Alignment - 1) & -Alignment);
        }

        public T* First { get; }

        public long Bytes => (elements?.LongLength ?? 0) * sizeof(T);
    }
}
