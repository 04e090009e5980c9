using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Text;
using Tessera.Connections;
using Tessera.Kernels;

namespace Tessera.Operators;

/// <summary>
/// A convolution made ready for one input shape: everything is checked, the algorithms are chosen and the workspace is
/// sized. Running it allocates nothing. A plan is immutable and may run on several threads at once, each with its own
/// <see cref="Workspace{T}"/>; where none is given, the plan keeps one for whoever comes first and makes one for others.
/// Letters: batch n, input channel c, output channel m, tile t, kernel k, output position o.
/// </summary>
public sealed unsafe class ConvolutionPlan<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PlanOptions options;
    private readonly Algorithm<T>?[] algorithms;
    private readonly BiasAlgorithm<T>? layBias;
    private readonly BiasAlgorithm<T>? gatherBias;
    private readonly bool biasIsPerChannel;
    private Workspace<T>? spare;

    internal ConvolutionPlan(ConvolutionDescription description, OperatorGeometry geometry, int batch, PlanOptions options)
    {
        Description = description;
        Geometry = geometry;
        this.options = options.Checked();
        InputShape = [batch, geometry.InputChannels, .. geometry.InputSize.AsSpan()];
        OutputShape = [batch, geometry.OutputChannels, .. geometry.OutputSize.AsSpan()];
        biasIsPerChannel = description.Bias == BiasSharing.PerChannel || !geometry.HasTileAxes;
        BiasShape = description.Bias == BiasSharing.None
            ? Sizes.Empty
            : (biasIsPerChannel ? Sizes.Empty : geometry.Tile).Append([geometry.OutputChannels]);
        algorithms = [Chosen(Operation.Forward), Chosen(Operation.KernelGradient), Chosen(Operation.InputGradient)];
        if (!HasBias) return;
        layBias = new BiasAlgorithm<T>(geometry, biasIsPerChannel, batch, forward: true);
        if (options.Only is null) gatherBias = new BiasAlgorithm<T>(geometry, biasIsPerChannel, batch, forward: false);

        Algorithm<T>? Chosen(Operation operation) => options.Only is { } only && only != operation ? null : KernelChoice.Choose<T>(geometry, batch, operation, options);
    }

    /// <summary>What the plan was made from.</summary>
    public ConvolutionDescription Description { get; }

    /// <summary>All sizes and connections.</summary>
    public OperatorGeometry Geometry { get; }

    /// <summary>V: [N, C, i_1 … i_d].</summary>
    public Sizes InputShape { get; }

    /// <summary>K: [t…, M, C/g, k…], or [t…, P, k…] for a table; without t… when shared.</summary>
    public Sizes KernelShape => Geometry.KernelShape;

    /// <summary>b: [M], or [t…, M] where the bias is shared like a tiled or unshared kernel; empty without bias.</summary>
    public Sizes BiasShape { get; }

    /// <summary>Z: [N, M, o_1 … o_d].</summary>
    public Sizes OutputShape { get; }

    /// <summary>Whether the operator has a bias.</summary>
    public bool HasBias => Description.Bias != BiasSharing.None;

    /// <summary>The bytes that a workspace of this plan takes.</summary>
    public long WorkspaceBytes =>
        (SharedElements + (WorkerElements * options.ResolvedThreads)) * sizeof(T);

    /// <summary>Workspace in elements that all workers share, over all operations.</summary>
    internal long SharedElements => algorithms.Max(a => a?.SharedElements ?? 0);

    /// <summary>Workspace in elements of each worker, over all operations.</summary>
    internal long WorkerElements => Math.Max(algorithms.Max(a => a?.WorkerElements ?? 0), Math.Max(layBias?.WorkerElements ?? 0, gatherBias?.WorkerElements ?? 0));

    /// <summary>A workspace large enough for every operation of this plan.</summary>
    public Workspace<T> CreateWorkspace() =>
        new(SharedElements, WorkerElements, options.ResolvedThreads);

    /// <summary>Z = b + A(K) V: equations 9.8 to 9.10. With <paramref name="accumulate"/>, Z += b + A(K) V.</summary>
    /// <param name="input">V [N, C, i…].</param>
    /// <param name="kernel">K, of <see cref="KernelShape"/>.</param>
    /// <param name="bias">b, of <see cref="BiasShape"/>, or default to add none.</param>
    /// <param name="output">Z [N, M, o…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the output.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or the output overlaps an input.</exception>
    public void Forward(in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> kernel, in ReadOnlyTensorSpan<T> bias, in TensorSpan<T> output, Workspace<T>? workspace = null, bool accumulate = false) =>
        Forward(input, kernel, null, bias, output, workspace, accumulate);

    /// <summary>
    /// dK[τ, m, c, q] = Σ_n Σ_{p mod t = τ} G[n, m, p] V[n, c, x(p, q)], equation 9.11, and
    /// db[τ, m] = Σ_n Σ_{p mod t = τ} G[n, m, p]. With <paramref name="accumulate"/> both are added to.
    /// </summary>
    /// <param name="input">V [N, C, i…].</param>
    /// <param name="outputGradient">G [N, M, o…].</param>
    /// <param name="kernelGradient">dK, of <see cref="KernelShape"/>, overwritten or added to.</param>
    /// <param name="biasGradient">db, of <see cref="BiasShape"/>, or default where it is not wanted.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the gradients.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or a gradient overlaps an input.</exception>
    public void KernelGradient(in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> outputGradient, in TensorSpan<T> kernelGradient, in TensorSpan<T> biasGradient, Workspace<T>? workspace = null, bool accumulate = false)
    {
        TensorChecks.Dense(input, InputShape, "input");
        TensorChecks.Dense(outputGradient, OutputShape, "output gradient");
        TensorChecks.Dense<T>(kernelGradient, KernelShape, "kernel gradient");
        TensorChecks.Optional<T>(biasGradient, BiasShape, "bias gradient");
        fixed (T* v = &input.GetPinnableReference(), g = &outputGradient.GetPinnableReference(), k = &kernelGradient.GetPinnableReference(), b = &biasGradient.GetPinnableReference())
        {
            TensorChecks.Apart(k, KernelShape, v, InputShape, "kernel gradient", "input");
            TensorChecks.Apart(k, KernelShape, g, OutputShape, "kernel gradient", "output gradient");
            var rented = workspace ?? Rent();
            KernelGradient(v, g, k, biasGradient.IsEmpty ? null : b, rented, accumulate);
            if (workspace is null) GiveBack(rented);
        }
    }

    /// <summary>
    /// dV = A(K)ᵀ G, the transpose: dV[n, c, x] = Σ_m Σ_{p, q: x(p, q) = x} K[p mod t, m, c, q] G[n, m, p], equations 9.12
    /// and 9.13. The plan was made for the original input size, so nothing is ambiguous.
    /// </summary>
    /// <param name="kernel">K, of <see cref="KernelShape"/>.</param>
    /// <param name="outputGradient">G [N, M, o…].</param>
    /// <param name="inputGradient">dV [N, C, i…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the gradient.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or the gradient overlaps an input.</exception>
    public void InputGradient(in ReadOnlyTensorSpan<T> kernel, in ReadOnlyTensorSpan<T> outputGradient, in TensorSpan<T> inputGradient, Workspace<T>? workspace = null, bool accumulate = false) =>
        InputGradient(kernel, null, outputGradient, inputGradient, workspace, accumulate);

    /// <summary>
    /// Lays a kernel out as the plan's algorithms read it, for one that stays the same over many runs: a run with a kernel that is not
    /// packed does this anew. The kernel is copied: what the caller writes to its own later counts after <see cref="PackedKernel{T}.Update"/>.
    /// </summary>
    /// <param name="kernel">K, of <see cref="KernelShape"/>.</param>
    /// <param name="use">The operations that it will be used for; each takes memory of its own.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <exception cref="ArgumentException">The kernel has another shape or is not dense, or no operation is given.</exception>
    public PackedKernel<T> PackKernel(in ReadOnlyTensorSpan<T> kernel, KernelUse use = KernelUse.Forward, Workspace<T>? workspace = null)
    {
        TensorChecks.Dense(kernel, KernelShape, "kernel");
        if ((use & KernelUse.Both) == 0 || (use & ~KernelUse.Both) != 0) throw new ArgumentException($"use: {use}; give {KernelUse.Forward}, {KernelUse.InputGradient} or {KernelUse.Both}.", nameof(use));
        var packed = new PackedKernel<T>(this, Used(use, KernelUse.Forward, Operation.Forward), Used(use, KernelUse.InputGradient, Operation.InputGradient));
        packed.Update(kernel, workspace);
        return packed;
    }

    /// <summary>The operator as a sparse matrix A(K) of M·∏o rows and C·∏i columns, for one example and without bias.</summary>
    /// <exception cref="ArgumentException">The kernel has another shape, or the matrix would be too large.</exception>
    public SparseMatrix<T> ToMatrix(in ReadOnlyTensorSpan<T> kernel)
    {
        TensorChecks.Dense(kernel, KernelShape, "kernel");
        var flat = new T[kernel.FlattenedLength];
        kernel.FlattenTo(flat);
        return SparseMatrix<T>.Of(Geometry, flat);
    }

    /// <summary>The plan in words: sizes, and for each operation its algorithm, blocking and workspace.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{InputShape} → {OutputShape}, kernel {KernelShape}, {Description.Channels}, {Description.Sharing}, padding {Description.Padding}");
        foreach (var operation in Enum.GetValues<Operation>())
        {
            if (algorithms[(int)operation] is not { } algorithm) continue;
            var bytes = (algorithm.SharedElements + (algorithm.WorkerElements * options.ResolvedThreads)) * sizeof(T);
            text.Append(CultureInfo.InvariantCulture, $"\n  {operation}: {algorithm.Name}; workspace {bytes} bytes on {options.ResolvedThreads} threads");
        }

        return text.ToString();
    }

    /// <summary>Forward with a kernel, or with one that is packed.</summary>
    internal void Forward(in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> kernel, PackedKernel<T>? packed, in ReadOnlyTensorSpan<T> bias, in TensorSpan<T> output, Workspace<T>? workspace, bool accumulate)
    {
        TensorChecks.Dense(input, InputShape, "input");
        if (packed is null) TensorChecks.Dense(kernel, KernelShape, "kernel");
        TensorChecks.Optional(bias, BiasShape, "bias");
        TensorChecks.Dense<T>(output, OutputShape, "output");
        fixed (T* v = &input.GetPinnableReference(), k = &kernel.GetPinnableReference(), b = &bias.GetPinnableReference(), z = &output.GetPinnableReference())
        {
            TensorChecks.Apart(z, OutputShape, v, InputShape, "output", "input");
            if (packed is null) TensorChecks.Apart(z, OutputShape, k, KernelShape, "output", "kernel");
            var rented = workspace ?? Rent();
            Forward(v, packed is null ? k : packed.Kernel, bias.IsEmpty ? null : b, z, rented, accumulate, packed is null ? null : packed.ForForward);
            GC.KeepAlive(packed);
            if (workspace is null) GiveBack(rented);
        }
    }

    /// <summary>The input gradient with a kernel, or with one that is packed.</summary>
    internal void InputGradient(in ReadOnlyTensorSpan<T> kernel, PackedKernel<T>? packed, in ReadOnlyTensorSpan<T> outputGradient, in TensorSpan<T> inputGradient, Workspace<T>? workspace, bool accumulate)
    {
        if (packed is null) TensorChecks.Dense(kernel, KernelShape, "kernel");
        TensorChecks.Dense(outputGradient, OutputShape, "output gradient");
        TensorChecks.Dense<T>(inputGradient, InputShape, "input gradient");
        fixed (T* k = &kernel.GetPinnableReference(), g = &outputGradient.GetPinnableReference(), v = &inputGradient.GetPinnableReference())
        {
            if (packed is null) TensorChecks.Apart(v, InputShape, k, KernelShape, "input gradient", "kernel");
            TensorChecks.Apart(v, InputShape, g, OutputShape, "input gradient", "output gradient");
            var rented = workspace ?? Rent();
            InputGradient(packed is null ? k : packed.Kernel, g, v, rented, accumulate, packed is null ? null : packed.ForInputGradient);
            GC.KeepAlive(packed);
            if (workspace is null) GiveBack(rented);
        }
    }

    /// <summary>The same on pointers to dense tensors of the plan's shapes; the bias may be null.</summary>
    internal void Forward(T* input, T* kernel, T* bias, T* output, Workspace<T> workspace, bool accumulate, T* packed = null)
    {
        var algorithm = algorithms[(int)Operation.Forward]!;
        var fused = algorithm.AddsBias && biasIsPerChannel;
        if (bias != null && !fused)
        {
            workspace.Run(layBias!, new Operands<T>(null, bias, null, output, accumulate));
            accumulate = true;
        }

        workspace.Run(algorithm, new Operands<T>(input, kernel, fused ? bias : null, output, accumulate, packed));
    }

    /// <summary>The same on pointers; the bias gradient may be null.</summary>
    internal void KernelGradient(T* input, T* outputGradient, T* kernelGradient, T* biasGradient, Workspace<T> workspace, bool accumulate)
    {
        workspace.Run(algorithms[(int)Operation.KernelGradient]!, new Operands<T>(input, kernelGradient, null, outputGradient, accumulate));
        if (biasGradient != null) BiasGradient(outputGradient, biasGradient, workspace, accumulate);
    }

    /// <summary>The bias's gradient alone, on pointers.</summary>
    internal void BiasGradient(T* outputGradient, T* biasGradient, Workspace<T> workspace, bool accumulate) =>
        workspace.Run(gatherBias!, new Operands<T>(null, biasGradient, null, outputGradient, accumulate));

    /// <summary>The same on pointers.</summary>
    internal void InputGradient(T* kernel, T* outputGradient, T* inputGradient, Workspace<T> workspace, bool accumulate, T* packed = null) =>
        workspace.Run(algorithms[(int)Operation.InputGradient]!, new Operands<T>(inputGradient, kernel, null, outputGradient, accumulate, packed));

    private Algorithm<T>? Used(KernelUse use, KernelUse one, Operation operation) => (use & one) == 0
        ? null
        : algorithms[(int)operation] ?? throw new ArgumentException($"use: the plan was not made for {operation}.", nameof(use));

    /// <summary>A workspace that nobody else uses; <see cref="GiveBack"/> keeps it for whoever comes next.</summary>
    internal Workspace<T> Rent() => Interlocked.Exchange(ref spare, null) ?? CreateWorkspace();

    internal void GiveBack(Workspace<T> rented) => spare = rented;
}
