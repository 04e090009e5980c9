using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Kernels;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Execution.Inference;

/// <summary>
/// A network compiled for inference alone: batch normalisation is folded into the layer before it; sums, biases and activations are done while a result
/// is at hand; what only training needs is gone; kernels are packed once; and values stay in the form that kernels like best. The output equals a
/// <see cref="NetworkExecution{T}"/>'s to rounding. Runs allocate nothing; one thread uses it at a time, work is spread over threads, and the result's bits
/// do not depend on how many.
/// </summary>
public sealed unsafe class InferenceExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly InferenceSchedule<T> schedule;
    private readonly AlignedMemory arena;
    private readonly AlignedMemory packed;
    private readonly AlignedMemory work;
    private readonly InferenceStep<T>[] steps;
    private readonly (string Layer, TensorPlace Place, Sizes Shape, nint[] Lengths)[] outputs;

    /// <summary>Lays out and allocates everything that runs need, and takes the parameters.</summary>
    /// <param name="network">The network.</param>
    /// <param name="parameters">Its parameters, as they are now; see <see cref="Update"/>.</param>
    /// <param name="batch">The batch N.</param>
    /// <param name="options">Threads, instructions and exactness.</param>
    /// <exception cref="ArgumentException">The parameters are of another network, the batch is below 1, a layer cannot run so, or the options ask for what only training has.</exception>
    public InferenceExecution(NetworkDescription network, NetworkParameters<T> parameters, int batch, ExecutionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        if (!parameters.Network.Equals(network)) throw new ArgumentException("parameters: they were made for another network; create them from this one.", nameof(parameters));
        options ??= ExecutionOptions.Inference;
        if (options.Training || options.KeepActivations || options.InputGradient)
        {
            throw new ArgumentException("options: an inference has no backward pass and keeps no activations; make a NetworkExecution for these.", nameof(options));
        }

        Network = network;
        Parameters = parameters;
        Batch = batch;
        schedule = new InferenceSchedule<T>(network, parameters, batch, options);
        steps = [.. schedule.Steps];
        outputs =
        [
            (network.Layers[^1].Name, schedule.Output, OutputShape, OutputShape.ToLengths()),
            .. network.FurtherOutputs.Select((layer, index) => (layer, schedule.FurtherOutputs[index], schedule.FurtherShapes[index], schedule.FurtherShapes[index].ToLengths())),
        ];
        Steps = [.. steps.Select(step => new FusedLayers(step.Layers, step.Part < batch ? $"{step.Algorithm}; {step.Part} of {batch} examples at a time" : step.Algorithm))];
        var threads = options.ToPlanOptions().ResolvedThreads;
        long shared = Line(steps.Max(static step => step.SharedElements)), own = Line(steps.Max(static step => step.WorkerElements));
        var layers = steps.OfType<LayerStep<T>>().Select(static step => step.Layer).ToArray();
        var workspace = new Workspace<T>(layers.Select(static layer => layer.SharedElements).Append(0).Max(), layers.Select(static layer => layer.WorkerElements).Append(0).Max(), threads);
        var packedElements = steps.Sum(static step => Line(step.PackedElements));
        arena = new AlignedMemory(schedule.ActivationBytes);
        packed = new AlignedMemory(packedElements * sizeof(T));
        work = new AlignedMemory((shared + (own * threads)) * sizeof(T));
        Memory = new MemoryPlan(schedule.ActivationBytes, schedule.ActivationBytes, ((shared + (own * threads)) * sizeof(T)) + workspace.Bytes, packedElements * sizeof(T), 0);
        var memory = new StepMemory<T>
        {
            Arena = arena.Start,
            Shared = (T*)work.Start,
            Own = (T*)work.Start + shared,
            OwnStride = (nint)own,
            Workspace = workspace,
            Pass = new PassState { Seed = options.Seed },
            Threads = threads,
        };
        var at = (T*)packed.Start;
        foreach (var step in steps)
        {
            step.Bind(memory, at);
            at += Line(step.PackedElements);
        }

        Update();
    }

    /// <summary>The network.</summary>
    public NetworkDescription Network { get; }

    /// <summary>The parameters.</summary>
    public NetworkParameters<T> Parameters { get; }

    /// <summary>The batch N.</summary>
    public int Batch { get; }

    /// <summary>The shape of the input, [N, C, i…].</summary>
    public Sizes InputShape => schedule.InputShape;

    /// <summary>The shape of the output, [N, …].</summary>
    public Sizes OutputShape => schedule.OutputShape;

    /// <summary>What runs, in order: which layers became one, and by which algorithm.</summary>
    public IReadOnlyList<FusedLayers> Steps { get; }

    /// <summary>The memory in bytes; the parameters are those that were packed, beside the network's own.</summary>
    public MemoryPlan Memory { get; }

    /// <summary>Takes the parameters as they are now: whoever changes them calls this before the next run. Layers into which nothing is folded and whose kernels stay as they are see changes at once.</summary>
    public void Update()
    {
        foreach (var step in steps) step.Update();
    }

    /// <summary>Computes the output for an input.</summary>
    /// <param name="input">[N, C, i…], dense; it is copied.</param>
    /// <returns>The output [N, …]; it stands until the next run.</returns>
    /// <exception cref="ArgumentException">The input has another shape or is not dense.</exception>
    public ReadOnlyTensorSpan<T> Forward(scoped in ReadOnlyTensorSpan<T> input)
    {
        TensorChecks.Dense(input, InputShape, "input");
        return new ReadOnlyTensorSpan<T>(Forward(MemoryMarshal.CreateReadOnlySpan(in input.GetPinnableReference(), (int)input.FlattenedLength)), outputs[0].Lengths);
    }

    /// <summary>What one of the network's outputs is after a run, [N, …]; it stands until the next run.</summary>
    /// <param name="layer">The last layer, or one of the network's further outputs.</param>
    /// <exception cref="ArgumentException">The layer is none of these: what lies between is not kept.</exception>
    public ReadOnlyTensorSpan<T> Activation(string layer)
    {
        for (var output = 0; output < outputs.Length; output++)
        {
            var (name, place, shape, lengths) = outputs[output];
            if (name == layer) return new ReadOnlyTensorSpan<T>(Elements(place, shape), lengths);
        }

        throw new ArgumentException($"'{layer}' is no output of the network; its outputs are {string.Join(", ", outputs.Select(static output => output.Layer))}.", nameof(layer));
    }

    /// <summary>The same on row-major numbers.</summary>
    internal ReadOnlySpan<T> Forward(scoped ReadOnlySpan<T> input)
    {
        input.CopyTo(Elements(schedule.Input, InputShape));
        for (var part = 0; part < schedule.Parts; part++)
        {
            for (var step = 0; step < schedule.PartSteps; step++) steps[step].Run(part);
        }

        for (var step = schedule.PartSteps; step < steps.Length; step++) steps[step].Run(0);
        GC.KeepAlive(this);
        return Elements(schedule.Output, OutputShape);
    }

    /// <summary>The same, and adds the seconds that each step took, by a clock, to what stands there.</summary>
    internal void Profile(scoped ReadOnlySpan<T> input, Span<double> seconds, Func<double> clock)
    {
        input.CopyTo(Elements(schedule.Input, InputShape));
        for (var part = 0; part < schedule.Parts; part++)
        {
            for (var step = 0; step < schedule.PartSteps; step++) Time(step, part, seconds, clock);
        }

        for (var step = schedule.PartSteps; step < steps.Length; step++) Time(step, 0, seconds, clock);

        GC.KeepAlive(this);
    }

    private void Time(int step, int part, Span<double> seconds, Func<double> clock)
    {
        var start = clock();
        steps[step].Run(part);
        seconds[step] += clock() - start;
    }

    private Span<T> Elements(TensorPlace place, Sizes shape) => arena.Elements<T>(place.Block.Offset + (place.Offset * sizeof(T)), checked((int)shape.Product));

    private static long Line(long elements) => (elements + 63) / 64 * 64;
}
