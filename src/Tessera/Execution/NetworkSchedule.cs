using System.Numerics;
using Tessera.Networks;

namespace Tessera.Execution;

/// <summary>
/// A network compiled for a batch, before it has memory: its layers made ready, the order of both passes, and for every
/// tensor the block that it stands in and from when to when it is needed.
/// </summary>
/// <remarks>
/// Times: 0 the input is copied in; 1 … L the layers run forward; L + 1 the caller looks at the output and hands back its
/// gradient; L + 2 … 2L + 1 the layers run backward. Values are numbered like layers, from 1; 0 is the network's input.
/// </remarks>
internal sealed unsafe class NetworkSchedule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NetworkGraph graph;
    private readonly ExecutionOptions options;
    private readonly List<MemoryBlock> blocks = [];
    private readonly int[] position;
    private readonly long[] elements;
    private readonly int turn;

    public NetworkSchedule(NetworkDescription network, int batch, ExecutionOptions options)
    {
        Network = network;
        this.options = options;
        graph = network.Graph;
        Shapes = network.Shapes(batch);
        InputShape = [batch, .. network.InputShape.AsSpan()];
        if (InputShape.Product > int.MaxValue) throw new ArgumentException($"input: {InputShape} has more than {int.MaxValue} elements; use a smaller batch.", nameof(batch));
        var count = Shapes.Count;
        turn = count + 1;
        position = new int[count];
        for (var k = 0; k < count; k++) position[graph.Order[k]] = k;
        elements = [InputShape.Product, .. Shapes.Select(static shape => shape.Product)];
        Layers = [.. network.Layers.Select((layer, index) => layer.Compile<T>(new LayerContext(
            network.InputShapes(index, batch, Shapes),
            Shapes[index],
            index,
            options,
            graph.References[index] is >= 0 and { } reference ? network.Layers[reference] : null,
            graph.References.Contains(index))))];
        Activations = new MemoryBlock?[count + 1];
        Gradients = new MemoryBlock?[count + 1];
        States = new MemoryBlock?[count];
        Accumulate = [.. graph.Sources.Select(static sources => new bool[sources.Length])];
        AccumulateKernel = [.. Enumerable.Range(0, count).Select(KernelIsWritten)];
        RunsBackward = new bool[count];
        WantsGradient = new bool[count + 1];
        if (options.Training) MarkBackward();
        LayOutActivations();
        LayOutStates();
        if (options.Training) LayOutGradients();
        ActivationBytes = Arena.Layout(blocks);
        Memory = Measure();
    }

    public NetworkDescription Network { get; }

    public Sizes InputShape { get; }

    /// <summary>Each layer's output shape.</summary>
    public IReadOnlyList<Sizes> Shapes { get; }

    public LayerExecution<T>[] Layers { get; }

    /// <summary>The block of each value; null for one that stands in a parameter's own memory.</summary>
    public MemoryBlock?[] Activations { get; }

    /// <summary>The block of each value's gradient, null where nobody wants one.</summary>
    public MemoryBlock?[] Gradients { get; }

    /// <summary>The block of each layer's state.</summary>
    public MemoryBlock?[] States { get; }

    /// <summary>For each layer and input, whether its gradient is added to.</summary>
    public bool[][] Accumulate { get; }

    /// <summary>For each layer, whether another one with the same kernel has written the kernel's gradient before it in the backward pass.</summary>
    public bool[] AccumulateKernel { get; }

    /// <summary>Whether a layer takes part in the backward pass.</summary>
    public bool[] RunsBackward { get; }

    /// <summary>Whether a value's gradient is wanted.</summary>
    public bool[] WantsGradient { get; }

    /// <summary>The size of the arena that all blocks stand in.</summary>
    public long ActivationBytes { get; }

    /// <summary>The largest shared workspace of any layer, in elements.</summary>
    public long SharedElements => Layers.Max(static layer => layer.SharedElements);

    /// <summary>The largest workspace of any layer for each worker, in elements.</summary>
    public long WorkerElements => Layers.Max(static layer => layer.WorkerElements);

    /// <summary>The memory in bytes.</summary>
    public MemoryPlan Memory { get; }

    private int ForwardTime(int layer) => position[layer] + 1;

    private int BackwardTime(int layer) => turn + Shapes.Count - position[layer];

    /// <summary>A kernel's owner comes first in the forward order, so last in the backward one; of those that borrow it, the last writes.</summary>
    private bool KernelIsWritten(int layer)
    {
        var owner = Network.Layers[layer].TakesKernelOfReference ? graph.References[layer] : layer;
        for (var user = 0; user < position.Length; user++)
        {
            if (Network.Layers[user].TakesKernelOfReference && graph.References[user] == owner && position[user] > position[layer]) return true;
        }

        return false;
    }

    private void MarkBackward()
    {
        WantsGradient[0] = options.InputGradient;
        foreach (var layer in graph.Order)
        {
            var trained = Network.Layers[layer].TakesKernelOfReference || Network.Layers[layer].Parameters(Network.InputShapes(layer, InputShape[0], Shapes)).Any(static parameter => parameter.IsTrained);
            RunsBackward[layer] = graph.ReachesOutput[layer] && (trained || graph.Sources[layer].Any(source => WantsGradient[source + 1]));
            WantsGradient[layer + 1] = RunsBackward[layer];
        }
    }

    private void LayOutActivations()
    {
        var lastRead = LastReads();
        var standing = new Dictionary<MemoryBlock, int>();
        Activations[0] = New(elements[0], 0);
        Keep(0, Activations[0]!);
        foreach (var layer in graph.Order)
        {
            if (Layers[layer].OutputIsParameter) continue;
            var time = ForwardTime(layer);
            var first = graph.FirstSource(layer) + 1;
            var block = Activations[first];
            if (block is null || !SharesInput(layer, first, block, time)) block = New(elements[layer + 1], time);
            Activations[layer + 1] = block;
            Keep(layer + 1, block);
        }

        // Remembers for each block how long any value that stands in it is read.
        void Keep(int value, MemoryBlock block)
        {
            block.Extend(lastRead[value]);
            standing[block] = Math.Max(standing.GetValueOrDefault(block), lastRead[value]);
        }

        bool SharesInput(int layer, int first, MemoryBlock block, int time)
        {
            if (options.KeepActivations || elements[first] != elements[layer + 1]) return false;
            if (Layers[layer].Output == Overlay.View) return true;
            return Layers[layer].Output == Overlay.Overwrite
                && standing[block] <= time
                && graph.Sources[layer].Skip(1).All(source => Activations[source + 1] != block);
        }
    }

    /// <summary>For each value, the time at which it is read for the last time.</summary>
    private int[] LastReads()
    {
        var end = options.Training ? turn + Shapes.Count : turn;
        var last = new int[elements.Length];
        // The input stays, so that a pass that went wrong can be run again to find out where.
        last[0] = end;
        foreach (var layer in graph.Order)
        {
            last[layer + 1] = ForwardTime(layer);
            foreach (var source in graph.Sources[layer])
            {
                Read(source + 1, ForwardTime(layer));
                if (RunsBackward[layer] && Layers[layer].BackwardReadsInputs) Read(source + 1, BackwardTime(layer));
            }

            if (RunsBackward[layer] && Layers[layer].BackwardReadsOutput) Read(layer + 1, BackwardTime(layer));
        }

        last[^1] = Math.Max(last[^1], turn);
        foreach (var output in graph.FurtherOutputs) last[output + 1] = Math.Max(last[output + 1], turn);
        if (options.KeepActivations) Array.Fill(last, end);
        return last;

        void Read(int value, int time) => last[value] = Math.Max(last[value], time);
    }

    private void LayOutStates()
    {
        for (var layer = 0; layer < States.Length; layer++)
        {
            if (Layers[layer].StateBytes == 0) continue;
            States[layer] = NewBytes(Layers[layer].StateBytes, ForwardTime(layer));
            for (var user = 0; user < States.Length; user++)
            {
                if (user != layer && graph.References[user] != layer) continue;
                States[layer]!.Extend(ForwardTime(user));
                if (RunsBackward[user]) States[layer]!.Extend(BackwardTime(user));
            }
        }
    }

    private void LayOutGradients()
    {
        var end = turn + Shapes.Count;
        if (RunsBackward[^1]) Gradients[^1] = New(elements[^1], turn);
        foreach (var layer in graph.Order.Reverse())
        {
            if (!RunsBackward[layer]) continue;
            var time = BackwardTime(layer);
            Gradients[layer + 1]!.Extend(time);
            var sources = graph.Sources[layer];
            for (var i = 0; i < sources.Length; i++)
            {
                var value = sources[i] + 1;
                if (!WantsGradient[value]) continue;
                Accumulate[layer][i] = Gradients[value] is not null;
                Gradients[value] ??= i == 0 && TakesOver(layer, sources, value) ? Gradients[layer + 1]! : New(elements[value], time);
                Gradients[value]!.Extend(options.KeepActivations ? end : time);
            }
        }

        Gradients[0]?.Extend(end);

        bool TakesOver(int layer, int[] sources, int value) =>
            !options.KeepActivations
            && Layers[layer].InputGradient != Overlay.None
            && elements[value] == elements[layer + 1]
            && sources.Count(source => source + 1 == value) == 1;
    }

    private MemoryPlan Measure()
    {
        var parameters = Network.ParameterCount * sizeof(T);
        var unshared = elements.Where((_, value) => Activations[value] is not null).Sum() + (options.Training ? elements.Where((_, value) => WantsGradient[value]).Sum() : 0);
        return new MemoryPlan(
            ActivationBytes,
            (unshared * sizeof(T)) + States.Sum(static state => state?.Bytes ?? 0),
            (SharedElements + (WorkerElements * options.ToPlanOptions().ResolvedThreads)) * sizeof(T),
            parameters,
            options.Training ? Network.TrainedParameterCount * sizeof(T) : 0);
    }

    private MemoryBlock New(long count, int time) => NewBytes(count * sizeof(T), time);

    private MemoryBlock NewBytes(long bytes, int time)
    {
        var block = new MemoryBlock(bytes, time);
        blocks.Add(block);
        return block;
    }
}
