using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels;

namespace Tessera.Operators;

/// <summary>
/// A fixed linear map of each channel plane, axis by axis, without weights (upsampling, resizing, border padding), made ready for
/// one input shape. Running it allocates nothing beyond a workspace; it may run on several threads at once.
/// Results do not depend on the number of threads.
/// </summary>
public sealed unsafe class SpatialMapPlan<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PlanOptions options;
    private readonly Algorithm<T> forward;
    private readonly Algorithm<T> inputGradient;
    private readonly string description;
    private Workspace<T>? spare;

    internal SpatialMapPlan(Sizes inputShape, Sizes outputSize, Algorithm<T> forward, Algorithm<T> inputGradient, PlanOptions options, string description)
    {
        InputShape = inputShape;
        OutputShape = [inputShape[0], inputShape[1], .. outputSize.AsSpan()];
        this.options = options.Checked();
        this.description = description;
        (this.forward, this.inputGradient) = (forward, inputGradient);
    }

    /// <summary>V: [N, C, i_1 … i_d].</summary>
    public Sizes InputShape { get; }

    /// <summary>Z: [N, C, o_1 … o_d].</summary>
    public Sizes OutputShape { get; }

    /// <summary>A workspace, for a caller who wants no two threads to share the one that the plan keeps.</summary>
    public Workspace<T> CreateWorkspace() => new(0, WorkerElements, options.ResolvedThreads);

    /// <summary>Workspace in elements that each worker needs.</summary>
    internal long WorkerElements => Math.Max(forward.WorkerElements, inputGradient.WorkerElements);

    /// <summary>Z = A V.</summary>
    /// <param name="input">V [N, C, i…].</param>
    /// <param name="output">Z [N, C, o…], overwritten.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or the output overlaps the input.</exception>
    public void Forward(in ReadOnlyTensorSpan<T> input, in TensorSpan<T> output, Workspace<T>? workspace = null)
    {
        TensorChecks.Dense(input, InputShape, "input");
        TensorChecks.Dense<T>(output, OutputShape, "output");
        fixed (T* v = &input.GetPinnableReference(), z = &output.GetPinnableReference())
        {
            TensorChecks.Apart(z, OutputShape, v, InputShape, "output", "input");
            var rented = workspace ?? Rent();
            Forward(v, z, rented);
            if (workspace is null) spare = rented;
        }
    }

    /// <summary>dV = Aᵀ G: each output's gradient goes back to what it was made of. With <paramref name="accumulate"/>, added to.</summary>
    /// <param name="outputGradient">G [N, C, o…].</param>
    /// <param name="inputGradient">dV [N, C, i…], overwritten or added to.</param>
    /// <param name="workspace">A workspace of this plan.</param>
    /// <param name="accumulate">Whether to add to the gradient.</param>
    /// <exception cref="ArgumentException">A tensor has another shape, is not dense, or the gradient overlaps what is read.</exception>
    public void InputGradient(in ReadOnlyTensorSpan<T> outputGradient, in TensorSpan<T> inputGradient, Workspace<T>? workspace = null, bool accumulate = false)
    {
        TensorChecks.Dense(outputGradient, OutputShape, "output gradient");
        TensorChecks.Dense<T>(inputGradient, InputShape, "input gradient");
        fixed (T* g = &outputGradient.GetPinnableReference(), v = &inputGradient.GetPinnableReference())
        {
            TensorChecks.Apart(v, InputShape, g, OutputShape, "input gradient", "output gradient");
            var rented = workspace ?? Rent();
            InputGradient(g, v, rented, accumulate);
            if (workspace is null) spare = rented;
        }
    }

    /// <summary>The plan in words.</summary>
    public override string ToString() => $"{InputShape} → {OutputShape}, {description}";

    /// <summary>The same on pointers to dense tensors of the plan's shapes.</summary>
    internal void Forward(T* input, T* output, Workspace<T> workspace) =>
        workspace.Run(forward, new Operands<T>(input, null, null, output, accumulate: false));

    /// <summary>The same on pointers.</summary>
    internal void InputGradient(T* outputGradient, T* inputGradient, Workspace<T> workspace, bool accumulate) =>
        workspace.Run(this.inputGradient, new Operands<T>(inputGradient, null, null, outputGradient, accumulate));

    private Workspace<T> Rent() => Interlocked.Exchange(ref spare, null) ?? CreateWorkspace();
}
