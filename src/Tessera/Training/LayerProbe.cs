using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>One layer of a network, compiled alone in double at its real shape, with every tensor in memory of its own.</summary>
internal sealed unsafe class LayerProbe
{
    private readonly double[][] all; // The layer holds their addresses alone, those that are not trained too.
    private readonly LayerExecution<double> execution;
    private readonly byte[] state;
    private readonly double[] outputGradient;

    /// <summary>A layer with random inputs and parameters.</summary>
    /// <param name="network">The network.</param>
    /// <param name="index">The layer's place in it.</param>
    /// <param name="batch">Examples.</param>
    /// <param name="start">The network's parameters at the beginning of a training, which weights are taken from.</param>
    /// <param name="threads">The most threads; 0 for all.</param>
    /// <param name="random">Where all else comes from.</param>
    public LayerProbe(NetworkDescription network, int index, int batch, NetworkParameters<double> start, int threads, ref RandomSource random)
    {
        Layer = network.Layers[index];
        var graph = network.Graph;
        var shapes = network.InputShapes(index, batch);
        Inputs = [.. shapes.Take(graph.Sources[index].Length).Select(shape => Pinned(shape.Product))];
        InputGradients = [.. Inputs.Select(input => Pinned(input.Length))];
        foreach (var input in Inputs) Begin(input, ref random);
        OutputShape = network.Shapes(batch)[index];
        outputGradient = Pinned(OutputShape.Product);

        int[] own = [.. Enumerable.Range(0, network.Parameters.Count).Where(p => network.LayerOfParameter(p) == index)];
        if (Layer.TakesKernelOfReference) own = [Enumerable.Range(0, network.Parameters.Count).First(p => network.LayerOfParameter(p) == graph.References[index]), .. own];
        var values = new List<double[]>();
        foreach (var p in own) values.Add(Begin(start[p], ref random));
        var gradients = own.Select(p => start[p].IsTrained ? Pinned(start[p].Span.Length) : null).ToArray();
        var trained = Enumerable.Range(0, own.Length).Where(p => gradients[p] is not null).ToArray();
        all = [.. values];
        Parameters = [.. trained.Select(p => values[p])];
        ParameterGradients = [.. trained.Select(p => gradients[p]!)];
        ParameterNames = [.. trained.Select(p => start[own[p]].Description.Name)];

        // A layer that undoes another reads what that one's forward pass left, such as the winners of a pooling.
        var referenced = graph.References[index] is >= 0 and { } place ? new LayerProbe(network, place, batch, start, threads, ref random) : null;
        referenced?.Forward();
        var options = new ExecutionOptions { Training = true, InputGradient = true, Threads = threads, Seed = unchecked((long)random.NextBits()) };
        execution = Layer.Compile<double>(new LayerContext(shapes, OutputShape, index, options, referenced?.Layer, graph.References.Contains(index)));
        // A penalty is one more number that the layer gives: it is added to the loss, so its weight is 1.
        Output = Pinned(outputGradient.Length + (execution.HasPenalty ? 1 : 0));
        Direction = new double[Output.Length];
        Fill(Direction.AsSpan(0, outputGradient.Length), ref random);
        if (execution.HasPenalty) Direction[^1] = 1;
        state = GC.AllocateArray<byte>(checked((int)execution.StateBytes), pinned: true);
        var plan = options.ToPlanOptions();
        execution.Bind(
            new LayerMemory<double>
            {
                Inputs = Pointers(Inputs),
                Output = Address(Output),
                OutputGradient = Address(outputGradient),
                InputGradients = Pointers(InputGradients),
                Accumulate = new bool[Inputs.Length],
                State = Address(state),
                ReferenceState = referenced is null ? null : Address(referenced.state),
                Parameters = Pointers(values),
                ParameterGradients = Pointers(gradients),
                AccumulateKernel = false,
                Workspace = new Workspace<double>(execution.SharedElements, execution.WorkerElements, plan.ResolvedThreads),
            },
            new PassState { Seed = options.Seed, IsProbe = true },
            plan.ResolvedThreads);
        Referenced = referenced;
    }

    public Layer Layer { get; }

    public Sizes OutputShape { get; }

    /// <summary>v, to be changed at will between passes.</summary>
    public double[][] Inputs { get; }

    /// <summary>θ, those that are trained.</summary>
    public double[][] Parameters { get; }

    public string[] ParameterNames { get; }

    /// <summary>f(v, θ) after <see cref="Forward"/>, and behind it the layer's penalty where it has one.</summary>
    public double[] Output { get; }

    /// <summary>The random r of the functional ⟨r, f(v, θ)⟩ that gradients are checked of.</summary>
    public double[] Direction { get; }

    public double[][] InputGradients { get; }

    public double[][] ParameterGradients { get; }

    /// <summary>Keeps the memory of the layer that this one reads from.</summary>
    private LayerProbe? Referenced { get; }

    public void Forward()
    {
        execution.Forward();
        if (execution.HasPenalty) Output[^1] = execution.Penalty;
        GC.KeepAlive(Referenced);
        GC.KeepAlive(all);
    }

    /// <summary>The gradients of ⟨r, f⟩ where the last forward pass was.</summary>
    public void Backward()
    {
        Direction.AsSpan(0, outputGradient.Length).CopyTo(outputGradient);
        execution.Backward();
        GC.KeepAlive(Referenced);
        GC.KeepAlive(all);
    }

    /// <summary>Standard normal numbers.</summary>
    public static void Fill(Span<double> values, ref RandomSource random)
    {
        foreach (ref var value in values) value = random.NextNormal();
    }

    /// <summary>What an input is probed with: standard normal numbers, or numbers from 0 to 1 where the layer takes such.</summary>
    private void Begin(double[] input, ref RandomSource random)
    {
        Fill(input, ref random);
        if (!Layer.TakesFractions) return;
        foreach (ref var value in input.AsSpan()) value = random.NextDouble();
    }

    /// <summary>What a parameter is probed with: a weight as it begins, what begins at one number near that number.</summary>
    private static double[] Begin(Parameter<double> parameter, ref RandomSource random)
    {
        var values = Pinned(parameter.Span.Length);
        parameter.Span.CopyTo(values);
        if (parameter.Role == ParameterRole.Weight) return values;
        foreach (ref var value in values.AsSpan()) value += 0.2 * random.NextDouble();
        return values;
    }

    private static double[] Pinned(long length) => GC.AllocateArray<double>(checked((int)length), pinned: true);

    private static double* Address(double[] array) => (double*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));

    private static byte* Address(byte[] array) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));

    private static double*[] Pointers(IReadOnlyList<double[]?> arrays)
    {
        var pointers = new double*[arrays.Count];
        for (var i = 0; i < pointers.Length; i++) pointers[i] = arrays[i] is { } array ? Address(array) : null;
        return pointers;
    }
}
