using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Pooling;

namespace Tessera.Operators;

/// <summary>
/// Pooling made ready for one input shape: V [N, C, i_1 … i_d] to Z [N, C, o_1 … o_d]. Running it allocates nothing and
/// needs no memory of its own; it may run on several threads at once. Results do not depend on the number of threads.
/// A max pooling tells the winners: for each output the flat row-major position, within its (n, c) plane of the input,
/// of the first largest element.
/// </summary>
public sealed unsafe class PoolingPlan<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AxisGeometry[] axes;
    private readonly PlanOptions options;
    private readonly Algorithm<T> forward;
    private readonly Algorithm<T> inputGradient;
    private readonly Algorithm<T>? gather;
    private Workspace<T>? spare;

    internal PoolingPlan(PoolingDescription description, Sizes inputShape, AxisGeometry[] axes, PlanOptions options)
    {
        Description = description;
        InputShape = inputShape;
        this.axes = axes;
        this.options = options.Checked();
        OutputShape = [inputShape[0], inputShape[1], .. axes.Select(axis => axis.Output)];
        var planes = inputShape[0] * inputShape[1];
        var vectors = options.Instructions != InstructionSet.Portable;
        switch (description.Kind)
        {
            case PoolingKind.Max:
                forward = new MaxPooling<T>(axes, planes, options.Instructions);
                inputGradient = new WinnerScatter<T>(axes, planes);
                gather = new WinnerGather<T>(axes, planes);
                break;
            case PoolingKind.Average:
                forward = new AveragePooling<T>(axes, planes, description.CountIncludesPadding, vectors);
                inputGradient = new AveragePoolingGradient<T>(axes, planes, description.CountIncludesPadding);
                break;
            default:
                forward = new LpPooling<T>(axes, planes, description.P);
                inputGradient = new LpPoolingGradient<T>(axes, planes, description.P);
                break;
        }
    }

    /// <summary>What the plan was made from.</summary>
    public PoolingDescription Description { get; }

    /// <summary>The spatial axes; the kernel is the window.</summary>
    public ReadOnlySpan<AxisGeometry> Axes => axes;

    /// <summary>V: [N, C, i_1 … i_d].</summary>
    public Sizes InputShape { get; }

    /// <summary>Z: [N, C, o_1 … o_d]; the winners have the same shape.</summary>
    public Sizes OutputShape { get; }

    /// <summary>A workspace, for a caller who wants no two threads to share the one that the plan keeps.</summary>
    public Workspace<T> CreateWorkspace() => new(0, 0, options.ResolvedThreads);

    /// <summary>Z[n, c, p] = the maximum, mean or p-norm of V[n, c, x(p, q)] over the q that fall inside.</summary>
    /// <param name="input">V [N, C, i…].</param>
    /// <param name="output">Z [N, C, o…], overwritten.</param>
    /// <param name="winners">For max pooling, the winners' positions of Z's shape, overwritten; default where they are not wanted.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, the output overlaps the input, or winners are asked of another kind than max.</exception>
    public void Forward(in ReadOnlyTensorSpan<T> input, in TensorSpan<T> output, in TensorSpan<int> winners = default, Workspace<T>? workspace = null)
    {
        TensorChecks.Dense(input, InputShape, "input");
        TensorChecks.Dense<T>(output, OutputShape, "output");
        if (!winners.IsEmpty)
        {
            RequireMax("winners");
            TensorChecks.Dense<int>(winners, OutputShape, "winners");
        }

        fixed (T* v = &input.GetPinnableReference(), z = &output.GetPinnableReference())
        fixed (int* w = &winners.GetPinnableReference())
        {
            TensorChecks.Apart(z, OutputShape, v, InputShape, "output", "input");
            var rented = workspace ?? Rent();
            Forward(v, z, winners.IsEmpty ? null : w, rented);
            if (workspace is null) spare = rented;
        }
    }

    /// <summary>
    /// dV, the sum over the windows that hold an input: for max G where it won; for average G / count; for Lp
    /// G · sign(V) |V|ᵖ⁻¹ / Zᵖ⁻¹, and 0 where Z is 0. With <paramref name="accumulate"/>, added to.
    /// </summary>
    /// <param name="outputGradient">G [N, C, o…].</param>
    /// <param name="inputGradient">dV [N, C, i…], overwritten or added to.</param>
    /// <param name="winners">The winners that <see cref="Forward(in ReadOnlyTensorSpan{T}, in TensorSpan{T}, in TensorSpan{int}, Workspace{T}?)"/> gave; needed for max alone.</param>
    /// <param name="input">V; needed for Lp alone.</param>
    /// <param name="output">Z; needed for Lp alone.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the gradient.</param>
    /// <exception cref="ArgumentException">A tensor is missing, has another shape, is not dense, the gradient overlaps what is read, or a winner lies outside of the plane.</exception>
    public void InputGradient(
        in ReadOnlyTensorSpan<T> outputGradient, in TensorSpan<T> inputGradient, in ReadOnlyTensorSpan<int> winners = default, in ReadOnlyTensorSpan<T> input = default, in ReadOnlyTensorSpan<T> output = default, Workspace<T>? workspace = null, bool accumulate = false)
    {
        TensorChecks.Dense(outputGradient, OutputShape, "output gradient");
        TensorChecks.Dense<T>(inputGradient, InputShape, "input gradient");
        if (Description.Kind == PoolingKind.Max) CheckWinners(winners);
        if (Description.Kind == PoolingKind.Lp) TensorChecks.Dense(input, InputShape, "input");
        if (Description.Kind == PoolingKind.Lp) TensorChecks.Dense(output, OutputShape, "output");
        fixed (T* g = &outputGradient.GetPinnableReference(), dv = &inputGradient.GetPinnableReference(), v = &input.GetPinnableReference(), z = &output.GetPinnableReference())
        fixed (int* w = &winners.GetPinnableReference())
        {
            TensorChecks.Apart(dv, InputShape, g, OutputShape, "input gradient", "output gradient");
            if (Description.Kind == PoolingKind.Lp) TensorChecks.Apart(dv, InputShape, v, InputShape, "input gradient", "input");
            if (Description.Kind == PoolingKind.Lp) TensorChecks.Apart(dv, InputShape, z, OutputShape, "input gradient", "output");
            var rented = workspace ?? Rent();
            InputGradient(v, z, w, g, dv, rented, accumulate);
            if (workspace is null) spare = rented;
        }
    }

    /// <summary>
    /// Unpooling: puts each value where its window's winner stood, and zero elsewhere; where windows overlap and share
    /// a winner, their values add up. It is the input gradient of max pooling, as a forward operator.
    /// </summary>
    /// <param name="values">Values [N, C, o…].</param>
    /// <param name="winners">The winners that max pooling gave.</param>
    /// <param name="output">[N, C, i…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the output.</param>
    /// <exception cref="ArgumentException">The plan is of another kind than max, or as for the input gradient.</exception>
    public void Unpool(in ReadOnlyTensorSpan<T> values, in ReadOnlyTensorSpan<int> winners, in TensorSpan<T> output, Workspace<T>? workspace = null, bool accumulate = false)
    {
        RequireMax("unpooling");
        InputGradient(values, output, winners, default, default, workspace, accumulate);
    }

    /// <summary>The gradient of unpooling: d values[n, c, p] = G[n, c, winner of p].</summary>
    /// <param name="winners">The winners that max pooling gave.</param>
    /// <param name="gradient">G [N, C, i…], of the unpooled output.</param>
    /// <param name="valuesGradient">[N, C, o…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the gradient.</param>
    /// <exception cref="ArgumentException">The plan is of another kind than max, a tensor has another shape or is not dense, or a winner lies outside of the plane.</exception>
    public void UnpoolGradient(in ReadOnlyTensorSpan<int> winners, in ReadOnlyTensorSpan<T> gradient, in TensorSpan<T> valuesGradient, Workspace<T>? workspace = null, bool accumulate = false)
    {
        RequireMax("unpooling");
        CheckWinners(winners);
        TensorChecks.Dense(gradient, InputShape, "gradient");
        TensorChecks.Dense<T>(valuesGradient, OutputShape, "values gradient");
        fixed (T* g = &gradient.GetPinnableReference(), values = &valuesGradient.GetPinnableReference())
        fixed (int* w = &winners.GetPinnableReference())
        {
            TensorChecks.Apart(values, OutputShape, g, InputShape, "values gradient", "gradient");
            var rented = workspace ?? Rent();
            UnpoolGradient(w, g, values, rented, accumulate);
            if (workspace is null) spare = rented;
        }
    }

    /// <summary>The plan in words.</summary>
    public override string ToString() => $"{InputShape} → {OutputShape}, {Description.Kind}: {forward.Name}";

    /// <summary>The same on pointers to dense tensors of the plan's shapes; the winners may be null.</summary>
    internal void Forward(T* input, T* output, int* winners, Workspace<T> workspace) =>
        workspace.Run(forward, new Operands<T>(input, (T*)winners, null, output, accumulate: false));

    /// <summary>The same on pointers: max reads the winners, Lp input and output; what is not needed may be null.</summary>
    internal void InputGradient(T* input, T* output, int* winners, T* outputGradient, T* inputGradient, Workspace<T> workspace, bool accumulate)
    {
        var read = Description.Kind == PoolingKind.Max ? (T*)winners : output;
        workspace.Run(this.inputGradient, new Operands<T>(inputGradient, read, input, outputGradient, accumulate));
    }

    /// <summary>The same on pointers.</summary>
    internal void UnpoolGradient(int* winners, T* gradient, T* valuesGradient, Workspace<T> workspace, bool accumulate) =>
        workspace.Run(gather!, new Operands<T>(gradient, (T*)winners, null, valuesGradient, accumulate));

    private Workspace<T> Rent() => Interlocked.Exchange(ref spare, null) ?? CreateWorkspace();

    private void RequireMax(string what)
    {
        if (Description.Kind != PoolingKind.Max) throw new ArgumentException($"{what}: pooling of kind {Description.Kind} has no winners; use {PoolingKind.Max}.");
    }

    private void CheckWinners(in ReadOnlyTensorSpan<int> winners)
    {
        TensorChecks.Dense(winners, OutputShape, "winners");
        var plane = (uint)(InputShape.Product / (InputShape[0] * InputShape[1]));
        var count = OutputShape.Product;
        fixed (int* w = &winners.GetPinnableReference())
        {
            for (long i = 0; i < count; i++)
            {
                if ((uint)w[i] >= plane) throw new ArgumentException($"winners: element {i} is {w[i]}, outside of the input plane of {plane} elements; pass what max pooling gave.", nameof(winners));
            }
        }
    }
}
