using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Kernels;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Execution;

/// <summary>
/// A network compiled for a batch: it owns activations, gradients and workspace, and shares parameters with whoever gave
/// them. Passes allocate nothing. One thread uses it at a time; inside, work is spread over threads, and the result's bits
/// do not depend on how many.
/// </summary>
public sealed unsafe class NetworkExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NetworkSchedule<T> schedule;
    private readonly ExecutionOptions options;
    private readonly PassState pass;
    private readonly CacheLine[] memory;
    private readonly byte* start;
    private readonly nint startOffset;
    private readonly nint[][] lengths;
    private readonly nint[] inputLengths;
    private readonly int[] order;
    private readonly Parameter<T>?[] given;
    private bool hasRun;

    /// <summary>Lays out and allocates everything that passes need.</summary>
    /// <param name="network">The network.</param>
    /// <param name="parameters">Its parameters; read by passes, never copied. Training moves the running statistics among them.</param>
    /// <param name="batch">The batch N.</param>
    /// <param name="options">How to execute; inference where left out.</param>
    /// <exception cref="ArgumentException">The parameters are of another network, the batch is below 1, or a layer cannot run so.</exception>
    public NetworkExecution(NetworkDescription network, NetworkParameters<T> parameters, int batch, ExecutionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        if (!parameters.Network.Equals(network)) throw new ArgumentException("parameters: they were made for another network; create them from this one.", nameof(parameters));
        this.options = options ??= ExecutionOptions.Inference;
        Network = network;
        Parameters = parameters;
        Batch = batch;
        schedule = new NetworkSchedule<T>(network, batch, options);
        memory = GC.AllocateUninitializedArray<CacheLine>(checked((int)(schedule.ActivationBytes / Arena.Alignment) + 1), pinned: true);
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
        start = (byte*)((address + Arena.Alignment - 1) & -Arena.Alignment);
        startOffset = (nint)start - address;
        Gradients = options.Training ? [.. parameters.Trained.Select(static parameter => new Parameter<T>(parameter.Name, parameter.Description))] : [];
        order = [.. network.Graph.Order];
        pass = new PassState { Seed = options.Seed };
        inputLengths = schedule.InputShape.ToLengths();
        lengths = [.. schedule.Shapes.Select(static shape => shape.ToLengths())];
        given = [.. schedule.Activations.Select((block, value) => block is null ? GivenBy(value - 1) : null)];
        BindLayers();
    }

    /// <summary>The network.</summary>
    public NetworkDescription Network { get; }

    /// <summary>The parameters that passes read.</summary>
    public NetworkParameters<T> Parameters { get; }

    /// <summary>The batch N.</summary>
    public int Batch { get; }

    /// <summary>The shape of the input, [N, C, i…].</summary>
    public Sizes InputShape => schedule.InputShape;

    /// <summary>The shape of the output, [N, …].</summary>
    public Sizes OutputShape => schedule.Shapes[^1];

    /// <summary>The gradients of the trained parameters, in their order; overwritten by every backward pass. Empty outside training.</summary>
    public IReadOnlyList<Parameter<T>> Gradients { get; }

    /// <summary>The step that dropout draws anew for; whoever trains sets it before each forward pass.</summary>
    public long Step
    {
        get => pass.Step;
        set => pass.Step = value;
    }

    /// <summary>What the layers' penalties of the last forward pass add to the loss; 0 outside training.</summary>
    internal double Penalty
    {
        get
        {
            double sum = 0;
            foreach (var layer in schedule.Layers) sum += layer.Penalty;
            return sum;
        }
    }

    /// <summary>The memory in bytes, by what it is for.</summary>
    public MemoryPlan Memory => schedule.Memory;

    /// <summary>Computes the output for an input.</summary>
    /// <param name="input">[N, C, i…], dense; it is copied.</param>
    /// <returns>The output [N, …]; it stands until the next pass.</returns>
    /// <exception cref="ArgumentException">The input has another shape or is not dense.</exception>
    public ReadOnlyTensorSpan<T> Forward(scoped in ReadOnlyTensorSpan<T> input)
    {
        TensorChecks.Dense(input, InputShape, "input");
        Forward(MemoryMarshal.CreateReadOnlySpan(in input.GetPinnableReference(), (int)input.FlattenedLength));
        return Tensor(lengths.Length);
    }

    /// <summary>The same on row-major numbers: a tensor of many axes would be an object in every pass.</summary>
    internal ReadOnlySpan<T> Forward(scoped ReadOnlySpan<T> input)
    {
        input.CopyTo(Values(0));
        foreach (var layer in order) schedule.Layers[layer].Forward();
        hasRun = true;
        return Values(lengths.Length);
    }

    /// <summary>Computes the gradients of the trained parameters, and of the input where the options ask for it, for the last forward pass.</summary>
    /// <param name="outputGradient">The gradient for the output, [N, …], dense; it is copied.</param>
    /// <exception cref="ArgumentException">The gradient has another shape or is not dense.</exception>
    /// <exception cref="InvalidOperationException">The execution is not for training, or no forward pass has run since the last backward pass.</exception>
    public void Backward(in ReadOnlyTensorSpan<T> outputGradient)
    {
        if (!options.Training) throw new InvalidOperationException("backward: this execution is for inference; make one with ExecutionOptions.Training.");
        TensorChecks.Dense(outputGradient, OutputShape, "output gradient");
        Backward(MemoryMarshal.CreateReadOnlySpan(in outputGradient.GetPinnableReference(), (int)outputGradient.FlattenedLength));
    }

    /// <summary>The same on row-major numbers.</summary>
    internal void Backward(ReadOnlySpan<T> outputGradient)
    {
        if (!hasRun) throw new InvalidOperationException("backward: run a forward pass first, one for each backward pass.");
        hasRun = false;
        if (schedule.Gradients[^1] is not { } block) return;
        outputGradient.CopyTo(Elements(block, OutputShape));
        for (var k = order.Length - 1; k >= 0; k--)
        {
            if (schedule.RunsBackward[order[k]]) schedule.Layers[order[k]].Backward();
        }

        // Layers hold addresses alone: the memory must outlive the last of them.
        GC.KeepAlive(this);
    }

    /// <summary>The gradient for the input, [N, C, i…], after a backward pass.</summary>
    /// <exception cref="InvalidOperationException">The options did not ask for it.</exception>
    public ReadOnlyTensorSpan<T> InputGradient => schedule.Gradients[0] is { } block
        ? new ReadOnlyTensorSpan<T>(Elements(block, InputShape), inputLengths)
        : throw new InvalidOperationException("input gradient: it was not computed; make an execution with ExecutionOptions.Training and InputGradient.");

    /// <summary>A layer's output, [N, …], after a forward pass.</summary>
    /// <param name="layer">The layer's name, or <c>input</c>.</param>
    /// <exception cref="ArgumentException">There is no such layer.</exception>
    /// <exception cref="InvalidOperationException">The options did not ask for activations to be kept.</exception>
    public ReadOnlyTensorSpan<T> Activation(string layer)
    {
        var value = ValueOf(layer);
        if (!options.KeepActivations && value != 0 && value != lengths.Length && !Network.Graph.FurtherOutputs.Contains(value - 1))
        {
            throw new InvalidOperationException($"activation: {layer}'s memory has been used again; make an execution with ExecutionOptions.KeepActivations, or name the layer among the network's further outputs.");
        }

        return Tensor(value);
    }

    /// <summary>The gradient for a layer's output, [N, …], after a backward pass.</summary>
    /// <param name="layer">The layer's name.</param>
    /// <exception cref="ArgumentException">There is no such layer.</exception>
    /// <exception cref="InvalidOperationException">The options did not ask for activations to be kept, or nothing needed this gradient.</exception>
    public ReadOnlyTensorSpan<T> ActivationGradient(string layer)
    {
        var value = ValueOf(layer);
        if (!options.KeepActivations || schedule.Gradients[value] is not { } block)
        {
            throw new InvalidOperationException($"activation gradient: {layer}'s was not kept; make an execution with ExecutionOptions.Training and KeepActivations (and InputGradient for all layers).");
        }

        var shape = value == 0 ? InputShape : schedule.Shapes[value - 1];
        return new ReadOnlyTensorSpan<T>(Elements(block, shape), value == 0 ? inputLengths : lengths[value - 1]);
    }

    /// <summary>
    /// Runs the last forward pass again, with the same step, and looks at every layer's output as it is made; running
    /// statistics stay as they are. Call it after a forward pass whose loss is not finite, before parameters change.
    /// </summary>
    /// <returns>The first layer whose output has an element that is infinite or not a number (<c>input</c> for the input itself), or null.</returns>
    public string? FindNonFinite()
    {
        hasRun = false;
        if (!VectorLoops.AllFinite<T>(Values(0))) return NetworkDescription.InputName;
        pass.IsProbe = true;
        try
        {
            foreach (var layer in order)
            {
                schedule.Layers[layer].Forward();
                if (!VectorLoops.AllFinite<T>(Values(layer + 1))) return Network.Layers[layer].Name;
            }

            return null;
        }
        finally
        {
            pass.IsProbe = false;
        }
    }

    private void BindLayers()
    {
        var plan = options.ToPlanOptions();
        var workspace = new Workspace<T>(schedule.SharedElements, schedule.WorkerElements, plan.ResolvedThreads);
        var (values, gradients) = ParametersByLayer();
        for (var layer = 0; layer < schedule.Layers.Length; layer++)
        {
            var sources = Network.Graph.Sources[layer];
            schedule.Layers[layer].Bind(
                new LayerMemory<T>
                {
                    Inputs = Pointers(sources.Select(source => (nint)ActivationOf(source + 1))),
                    Output = ActivationOf(layer + 1),
                    OutputGradient = At(schedule.Gradients[layer + 1]),
                    InputGradients = Pointers(sources.Select(source => (nint)At(schedule.Gradients[source + 1]))),
                    Accumulate = schedule.Accumulate[layer],
                    State = (byte*)At(schedule.States[layer]),
                    ReferenceState = Network.Graph.References[layer] is >= 0 and { } reference ? (byte*)At(schedule.States[reference]) : null,
                    Parameters = Pointers(values[layer]),
                    ParameterGradients = Pointers(gradients[layer]),
                    AccumulateKernel = schedule.AccumulateKernel[layer],
                    Workspace = workspace,
                },
                pass,
                plan.ResolvedThreads);
        }
    }

    /// <summary>For each layer the addresses of its parameters and of their gradients, those of a kernel that it borrows first.</summary>
    private (List<nint>[] Values, List<nint>[] Gradients) ParametersByLayer()
    {
        List<nint>[] values = [.. schedule.Layers.Select(static _ => new List<nint>())], gradients = [.. schedule.Layers.Select(static _ => new List<nint>())];
        var trained = 0;
        for (var parameter = 0; parameter < Parameters.Count; parameter++)
        {
            var layer = Network.LayerOfParameter(parameter);
            values[layer].Add((nint)Parameters[parameter].Pointer);
            gradients[layer].Add(options.Training && Parameters[parameter].IsTrained ? (nint)Gradients[trained++].Pointer : 0);
        }

        for (var layer = 0; layer < values.Length; layer++)
        {
            if (!Network.Layers[layer].TakesKernelOfReference) continue;
            var owner = Network.Graph.References[layer]!.Value;
            values[layer].Insert(0, values[owner][0]);
            gradients[layer].Insert(0, gradients[owner][0]);
        }

        return (values, gradients);
    }

    private int ValueOf(string layer)
    {
        if (layer == NetworkDescription.InputName) return 0;
        var index = Network.Find(layer) is { } found ? Network.Layers.ToList().IndexOf(found) : -1;
        if (index >= 0) return index + 1;
        var nearest = Spelling.Nearest(layer, Network.Layers.Select(static known => known.Name).ToArray());
        throw new ArgumentException($"there is no layer '{layer}'{(nearest is null ? "." : $"; did you mean '{nearest}'?")}", nameof(layer));
    }

    /// <summary>The parameter that a layer gives as its output.</summary>
    private Parameter<T> GivenBy(int layer) => Parameters[Enumerable.Range(0, Parameters.Count).First(parameter => Network.LayerOfParameter(parameter) == layer)];

    private Span<T> Values(int value) => given[value] is { } parameter ? parameter.Span : Elements(schedule.Activations[value]!, value == 0 ? InputShape : schedule.Shapes[value - 1]);

    private T* ActivationOf(int value) => given[value] is { } parameter ? parameter.Pointer : At(schedule.Activations[value]);

    private ReadOnlyTensorSpan<T> Tensor(int value)
    {
        var shape = value == 0 ? inputLengths : lengths[value - 1];
        return new ReadOnlyTensorSpan<T>(Values(value), shape);
    }

    /// <summary>A block's elements, as a reference into the arena: a caller's span keeps the memory alive when the execution is gone.</summary>
    private Span<T> Elements(MemoryBlock block, Sizes shape)
    {
        ref var first = ref Unsafe.As<CacheLine, byte>(ref MemoryMarshal.GetArrayDataReference(memory));
        return MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref first, startOffset + (nint)block.Offset)), checked((int)shape.Product));
    }

    private T* At(MemoryBlock? block) => block is null ? null : (T*)(start + block.Offset);

    private static T*[] Pointers(IEnumerable<nint> addresses)
    {
        var list = addresses.ToArray();
        var pointers = new T*[list.Length];
        for (var i = 0; i < list.Length; i++) pointers[i] = (T*)list[i];
        return pointers;
    }

    /// <summary>What the arena is made of: arrays of bytes end at two gigabytes, arrays of these do not.</summary>
    [StructLayout(LayoutKind.Sequential, Size = Arena.Alignment)]
    private struct CacheLine;
}
