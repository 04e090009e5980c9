using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Execution.Layers;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Inference;

/// <summary>Where a layer that runs by its own execution has its tensors.</summary>
internal sealed record LayerPlaces(IReadOnlyList<TensorPlace> Inputs, TensorPlace? Residual, TensorPlace Output, TensorPlace? State, TensorPlace? ReferenceState);

/// <summary>
/// A layer run by its own execution, on planes, with what follows it done in one pass over its results. Where normalisations are folded into it, it has a
/// kernel and a bias of its own.
/// </summary>
internal sealed unsafe class LayerStep<T>(LayerExecution<T> layer, string words, LayerPlaces places, long elements, nint[] parameters, Finish<T> finish) : InferenceStep<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The parameters with normalisations folded in, the operator, and whether the layer is its transpose; null where nothing is folded.</summary>
    public (FoldedParameters<T> Parameters, OperatorGeometry Geometry, bool IsTransposed)? Folded { get; init; }

    public override string Algorithm => words;

    /// <summary>What the layer's own execution works in.</summary>
    public LayerExecution<T> Layer => layer;

    public override long PackedElements => Folded is { } folded ? RoundUp(folded.Parameters.Kernel!.Span.Length) + folded.Parameters.Bias.Length : 0;

    public override void Update()
    {
        if (Folded is not { } folded) return;
        folded.Parameters.Take();
        folded.Parameters.Scale(folded.Geometry, folded.IsTransposed, new Span<T>(Packed, folded.Parameters.Kernel!.Span.Length));
        folded.Parameters.Bias.CopyTo(new Span<T>(Packed + RoundUp(folded.Parameters.Kernel.Span.Length), folded.Parameters.Bias.Length));
    }

    public override void Run(int part)
    {
        layer.Forward();
        if (places.Residual is not null || finish.Rectifies || finish.HasRest) Run(0, Chunks.Jobs(elements));
    }

    protected override void OnBound()
    {
        var inputs = new T*[places.Inputs.Count];
        for (var i = 0; i < inputs.Length; i++) inputs[i] = Memory.At(places.Inputs[i]);
        var values = new T*[parameters.Length];
        for (var i = 0; i < values.Length; i++) values[i] = (T*)parameters[i];
        if (Folded is { } folded) values = [Packed, Packed + RoundUp(folded.Parameters.Kernel!.Span.Length)];
        layer.Bind(
            new LayerMemory<T>
            {
                Inputs = inputs,
                Output = Memory.At(places.Output),
                OutputGradient = null,
                InputGradients = new T*[inputs.Length],
                Accumulate = new bool[inputs.Length],
                State = (byte*)Memory.At(places.State),
                ReferenceState = (byte*)Memory.At(places.ReferenceState),
                Parameters = values,
                ParameterGradients = new T*[values.Length],
                AccumulateKernel = false,
                Workspace = Memory.Workspace,
            },
            Memory.Pass,
            Memory.Threads);
    }

    protected override void Execute(int stage, int job, int worker)
    {
        var residual = Memory.At(places.Residual);
        foreach (var (start, length) in new Chunks(elements, job))
        {
            var z = new Span<T>(Memory.At(places.Output) + start, length);
            if (residual != null) TensorPrimitives.Add(z, new ReadOnlySpan<T>(residual + start, length), z);
            if (finish.Rectifies) TensorPrimitives.Max(z, T.Zero, z);
            if (finish.IsBounded) TensorPrimitives.Min(z, finish.Bound, z);
            finish.ApplyRest(Memory.At(places.Output) + start, length);
        }
    }

    private static long RoundUp(long count) => (count + 63) / 64 * 64;
}
