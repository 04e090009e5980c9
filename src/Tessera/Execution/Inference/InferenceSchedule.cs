using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Execution.Layers;
using Tessera.Kernels.Blocked;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Execution.Inference;

/// <summary>
/// A network compiled for inference, before it has memory: its steps in order, and for every value the forms that it is wanted in (planes, or blocks of
/// channels) and where they stand. Time k is the run of step k; the input is there from the beginning, the output stays to the end.
/// The first layers of a network have large images and small kernels: where a batch of them would leave the cache they run for a few examples at a time,
/// a part of the batch, through all of these layers; the later ones, whose kernels are large, run for the whole batch.
/// </summary>
internal sealed partial class InferenceSchedule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NetworkDescription network;
    private readonly ExecutionOptions options;
    private readonly PlanOptions plan;
    private readonly NetworkParameters<T> parameters;
    private readonly int batch;
    private readonly int width;
    private readonly IReadOnlyList<Sizes> one;
    private readonly HashSet<int> crossing = [];
    private readonly LayerExecution<T>?[] compiled;
    private readonly BlockedAlgorithm<T>?[] algorithms;
    private readonly bool[] readsPlanes;
    private readonly bool[] prefersBlocks;
    private readonly (int Concatenation, int Channel)?[] within;
    private readonly TensorPlace?[] planes;
    private readonly TensorPlace?[] blocks;
    private readonly TensorPlace?[] states;
    private readonly List<MemoryBlock> memory = [];
    private readonly List<InferenceStep<T>> steps = [];
    private readonly List<MemoryBlock> constants = [];
    private readonly Parameter<T>[]?[] owned;

    private const long PartBytes = 4L << 20;

    private int current;
    private IReadOnlyList<Sizes> shapes;

    public InferenceSchedule(NetworkDescription network, NetworkParameters<T> parameters, int batch, ExecutionOptions options)
    {
        (this.network, this.parameters, this.batch, this.options) = (network, parameters, batch, options with { ForwardAlone = true });
        plan = options.ToPlanOptions().Checked();
        width = BlockedKernels.Channels<T>(plan.Instructions);
        one = network.Shapes(1);
        (current, shapes) = (batch, network.Shapes(batch));
        OutputShape = shapes[^1];
        FurtherShapes = [.. network.Graph.FurtherOutputs.Select(layer => shapes[layer])];
        InputShape = [batch, .. network.InputShape.AsSpan()];
        if (InputShape.Product > int.MaxValue) throw new ArgumentException($"input: {InputShape} has more than {int.MaxValue} elements; use a smaller batch.", nameof(batch));
        var count = shapes.Count;
        owned = new Parameter<T>[]?[count];
        foreach (var group in Enumerable.Range(0, parameters.Count).GroupBy(network.LayerOfParameter)) owned[group.Key] = [.. group.Select(index => parameters[index])];
        compiled = new LayerExecution<T>?[count];
        algorithms = new BlockedAlgorithm<T>?[count];
        readsPlanes = new bool[count];
        prefersBlocks = new bool[count + 1];
        within = new (int, int)?[count + 1];
        (planes, blocks, states) = (new TensorPlace?[count + 1], new TensorPlace?[count + 1], new TensorPlace?[count]);
        var graph = new InferenceGraph(network, layer => AloneOf(layer) is ReshapeExecution<T>, layer => AloneOf(layer) is IElementwise<T>, AddsAlike, Constants, TakesBorder);
        foreach (var node in graph.Nodes) Choose(node);
        var first = ChooseParts(graph.Nodes);
        foreach (var node in graph.Nodes.Reverse()) JoinInPlace(node);
        foreach (var node in graph.Nodes.Skip(first))
        {
            foreach (var value in node.Residual < 0 ? node.Sources : [.. node.Sources, node.Residual]) crossing.Add(value);
        }

        crossing.Add(graph.Output);
        crossing.UnionWith(graph.FurtherOutputs);
        foreach (var value in crossing.ToArray())
        {
            for (var part = within[value]; part is { } place; part = within[place.Concatenation]) crossing.Add(place.Concatenation);
        }

        Input = planes[0] = new TensorPlace(New(InputShape.Product, 0), 0, InputShape.Product / batch) { IsWhole = true };
        if (Parts > 1) (current, shapes) = (batch / Parts, network.Shapes(batch / Parts));
        foreach (var node in graph.Nodes.Take(first)) Emit(node);
        PartSteps = steps.Count;
        Input.Block.Extend(PartSteps);
        (current, shapes) = (batch, network.Shapes(batch));
        foreach (var node in graph.Nodes.Skip(first)) Emit(node);
        Output = Planes(graph.Output);
        FurtherOutputs = [.. graph.FurtherOutputs.Select(Planes)];
        foreach (var output in FurtherOutputs.Append(Output)) output.Block.Extend(steps.Count);
        foreach (var constant in constants) constant.Extend(steps.Count);
        ActivationBytes = Arena.Layout(memory);
    }

    public Sizes InputShape { get; }

    public Sizes OutputShape { get; }

    public TensorPlace Input { get; }

    public TensorPlace Output { get; }

    /// <summary>The shapes of the network's further outputs, in order.</summary>
    public IReadOnlyList<Sizes> FurtherShapes { get; }

    /// <summary>Where the network's further outputs stand, in order.</summary>
    public IReadOnlyList<TensorPlace> FurtherOutputs { get; }

    public IReadOnlyList<InferenceStep<T>> Steps => steps;

    /// <summary>How many parts the batch falls into, and how many steps run for one part after another.</summary>
    public int Parts { get; private set; } = 1;

    public int PartSteps { get; }

    /// <summary>The arena of all values.</summary>
    public long ActivationBytes { get; }

    private int Source(int layer) => network.Graph.Sources[layer][0] + 1;

    private ConstantOperation? Constants(int layer) => ConstantOperation.Of(network, shapes, layer);

    private Sizes ShapeOf(int value) => value == 0 ? [current, .. network.InputShape.AsSpan()] : shapes[value - 1];

    /// <summary>A layer's own execution, made when it is first asked for. Kernels of convolutions are planned only if they will run.</summary>
    private LayerExecution<T>? LayerOf(int layer) => network.Layers[layer] is Convolution or Dense or TransposedConvolution ? null : compiled[layer] ??= Compile(layer);

    /// <summary>The execution of a layer that gives one value's elements in their shape, as what is done to each element by itself does; null for all others, whose plans may never be needed.</summary>
    private LayerExecution<T>? AloneOf(int layer) => network.Graph.Sources[layer].Length == 1 && shapes[layer] == ShapeOf(Source(layer)) ? LayerOf(layer) : null;

    private LayerExecution<T> Compile(int layer) => network.Layers[layer].Compile<T>(new LayerContext(
        network.InputShapes(layer, current, shapes),
        shapes[layer],
        layer,
        options,
        network.Graph.References[layer] is >= 0 and { } reference ? network.Layers[reference] : null,
        network.Graph.References.Contains(layer)));

    private void Emit(InferenceNode node)
    {
        var layer = node.Layer;
        string[] names = [.. node.Layers.Select(index => network.Layers[index].Name)];
        IElementwise<T>[] functions = [.. node.Functions.Select(function => FunctionOf(node, function))];
        var finish = functions.Length == 0 ? Finish<T>.None : new Finish<T>(ElementChain.Of(functions));
        if (network.Layers[layer] is Concatenate && prefersBlocks[node.Output])
        {
            Concatenated(node, names);
            return;
        }

        if (algorithms[layer] is { } algorithm)
        {
            var pair = network.Layers[layer] is Networks.Layers.Add or Multiply ? Pair(node) : null;
            var source = pair?.First ?? node.Sources[Constants(layer)?.Data ?? 0];
            var second = pair?.Second ?? node.Residual;
            var input = readsPlanes[layer] ? Planes(source) : Blocks(source);
            var residual = second < 0 ? null : Blocks(second);
            if (AloneOf(layer) is IElementwise<T> alone) finish = new Finish<T>(ElementChain.Of([alone, .. functions]));
            Add(new BlockedStep<T>(algorithm, Folded(node), input, residual, MakeBlocks(node.Output), finish) { Layers = names }, input, residual, blocks[node.Output]!);
            return;
        }

        if (network.Layers[layer] is Constant)
        {
            var place = planes[node.Output] = new TensorPlace(New(ShapeOf(node.Output).Product, 0), 0, 0);
            constants.Add(place.Block);
            Add(new ConstantStep<T>(Own(layer)[0], place) { Layers = names }, place);
            return;
        }

        var inputs = node.Sources.Select(Planes).ToArray();
        if (network.Layers[layer] is not (Convolution or Dense or TransposedConvolution) && LayerOf(layer)!.Output == Overlay.View)
        {
            planes[node.Output] = inputs[0] with { Example = ShapeOf(node.Output).Product / current };
            return;
        }

        var added = node.Residual >= 0 ? Planes(node.Residual) : null;
        var (step, places) = ByItself(node, names, inputs, added, finish);
        Add(step, [.. inputs, added, places.Output, places.State, places.ReferenceState]);
    }

    private IElementwise<T> FunctionOf(InferenceNode node, int layer)
    {
        if (node.Gates.TryGetValue(layer, out var gate)) return ElementChain.Gate<T>([FunctionOf(gate, gate.Layer), .. gate.Functions.Select(function => FunctionOf(gate, function))]);
        return Constants(layer) is { } operation ? new NumberFunction<T>(network.Layers[layer], Own(operation.Constant)[0]) : (IElementwise<T>)LayerOf(layer)!;
    }

    private void Concatenated(InferenceNode node, string[] names)
    {
        var whole = MakeBlocks(node.Output);
        var channel = 0;
        foreach (var source in node.Sources)
        {
            var positions = ShapeOf(source).From(2).Product;
            var from = Blocks(source);
            var part = whole with { Offset = whole.Offset + (channel * positions) };
            if (within[source] != (node.Output, channel))
            {
                Add(new BlockedStep<T>(new BlockedCopy<T>(current, (nint)(RoundUp(ShapeOf(source)[1]) * positions)), null, from, null, part, Finish<T>.None) { Layers = names }, from, part);
            }

            channel += ShapeOf(source)[1];
        }

        whole.Block.Extend(steps.Count);
    }

    private (LayerStep<T> Step, LayerPlaces Places) ByItself(InferenceNode node, string[] names, TensorPlace[] inputs, TensorPlace? added, Finish<T> finish)
    {
        var layer = node.Layer;
        var folded = node.Normalisations.Count > 0 ? Folded(node) : null;
        var (execution, geometry) = folded is null ? (compiled[layer] ?? Compile(layer), null) : FoldedLayers.Compile<T>(network, layer, current, shapes, options);
        if (execution.StateBytes > 0) states[layer] = new TensorPlace(New((execution.StateBytes + Unsafe.SizeOf<T>() - 1) / Unsafe.SizeOf<T>(), steps.Count), 0, 0);
        var reference = network.Graph.References[layer] is >= 0 and { } place ? states[place] : null;
        // What does not depend on the input has no examples, nor has what a layer makes of all of them together.
        planes[node.Output] = network.Graph.DependsOnInput[layer] && ShapeOf(node.Output).Product % current == 0
            ? MakePlace(node.Output, ShapeOf(node.Output).Product / current)
            : new TensorPlace(New(ShapeOf(node.Output).Product, steps.Count), 0, 0);
        var places = new LayerPlaces(inputs, added, planes[node.Output]!, states[layer], reference);
        var step = new LayerStep<T>(execution, $"{network.Layers[layer].Kind} on planes", places, ShapeOf(node.Output).Product, Pointers(layer), finish)
        {
            Layers = names,
            Folded = folded is null ? null : (folded, geometry!, network.Layers[layer] is TransposedConvolution),
        };
        return (step, places);
    }

    private FoldedParameters<T>? Folded(InferenceNode node)
    {
        var own = Own(node.Layer);
        (Layer, Parameter<T>[])[] normalisations = [.. node.Normalisations.Select(index => (network.Layers[index], Own(Constants(index)?.Constant ?? index)))];
        return network.Layers[node.Layer] switch
        {
            Convolution or Dense or TransposedConvolution => new FoldedParameters<T>(ShapeOf(node.Output)[1], own[0], own.Length > 1 ? own[1] : null, normalisations),
            BatchNormalisation alone => new FoldedParameters<T>(ShapeOf(node.Output)[1], null, null, [(alone, own)]),
            var alone => Constants(node.Layer) is { } operation ? new FoldedParameters<T>(ShapeOf(node.Output)[1], null, null, [(alone, Own(operation.Constant))]) : null,
        };
    }

    private Parameter<T>[] Own(int layer) => owned[layer] ?? [];

    private unsafe nint[] Pointers(int layer)
    {
        var own = Own(layer).Select(static parameter => (nint)parameter.Pointer);
        return [.. network.Layers[layer].TakesKernelOfReference ? own.Prepend((nint)Own(network.Graph.References[layer]!.Value)[0].Pointer) : own];
    }

    /// <summary>A value's planes, turned from its blocks where it has none.</summary>
    private TensorPlace Planes(int value)
    {
        if (planes[value] is { } place) return place;
        var (shape, from) = (ShapeOf(value), blocks[value]!);
        // One position for each channel is the same in both forms.
        if (shape.From(2).Product == 1 && from.Example == shape[1]) return planes[value] = from;
        var to = planes[value] = MakePlace(value, shape.Product / current);
        Add(new BlockedStep<T>(new BlockedLayout<T>(shape, width, toBlocks: false), null, from, null, to, Finish<T>.None) { Layers = [] }, from, to);
        return to;
    }

    private TensorPlace Blocks(int value)
    {
        if (blocks[value] is { } place) return place;
        var (shape, from) = (ShapeOf(value), planes[value]!);
        if (shape.From(2).Product == 1 && shape[1] % width == 0 && within[value] is null) return blocks[value] = from;
        var to = MakeBlocks(value);
        Add(new BlockedStep<T>(new BlockedLayout<T>(shape, width, toBlocks: true), null, from, null, to, Finish<T>.None) { Layers = [] }, from, to);
        return to;
    }

    /// <summary>Where a value's blocks will stand: in a block of their own, or as a part of a concatenation's.</summary>
    private TensorPlace MakeBlocks(int value)
    {
        if (blocks[value] is { } made) return made;
        var shape = ShapeOf(value);
        if (within[value] is { } part)
        {
            var whole = MakeBlocks(part.Concatenation);
            return blocks[value] = whole with { Offset = whole.Offset + (part.Channel * shape.From(2).Product) };
        }

        var elements = RoundUp(shape[1]) * shape.From(2).Product;
        return blocks[value] = MakePlace(value, elements);
    }

    private void Add(InferenceStep<T> step, params TensorPlace?[] places)
    {
        foreach (var place in places) place?.Block.Extend(steps.Count);
        step.Part = current;
        steps.Add(step);
    }

    /// <summary>A place for a value's examples: of the part that runs, or of the whole batch where later steps read it. Parts before must not lose what those after write.</summary>
    private TensorPlace MakePlace(int value, long example)
    {
        var isWhole = current == batch || crossing.Contains(value);
        return new TensorPlace(New((isWhole ? batch : current) * example, isWhole && current < batch ? 0 : steps.Count), 0, example) { IsWhole = isWhole };
    }

    private unsafe MemoryBlock New(long elements, int time)
    {
        var block = new MemoryBlock(elements * sizeof(T), time);
        memory.Add(block);
        return block;
    }

    private long RoundUp(int channels) => (channels + width - 1) / width * width;
}
