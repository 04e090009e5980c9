using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Execution;

/// <summary>
/// A network's sizes, receptive fields, work and memory, layer by layer: all that is decided before the first float moves. Making it
/// allocates none of the network's memory.
/// </summary>
public sealed class NetworkPlan
{
    private NetworkPlan(NetworkDescription network, int batch, IReadOnlyList<LayerPlan> layers, MemoryPlan training, MemoryPlan inference)
    {
        Network = network;
        Batch = batch;
        Layers = layers;
        Training = training;
        Inference = inference;
    }

    /// <summary>The network.</summary>
    public NetworkDescription Network { get; }

    /// <summary>The batch that memory is counted for.</summary>
    public int Batch { get; }

    /// <summary>The layers in the order of the network's list.</summary>
    public IReadOnlyList<LayerPlan> Layers { get; }

    /// <summary>The memory of a training execution.</summary>
    public MemoryPlan Training { get; }

    /// <summary>The memory of an inference execution.</summary>
    public MemoryPlan Inference { get; }

    /// <summary>Multiply-adds of a forward pass of one example, padding counted out.</summary>
    public long MultiplyAdds => Layers.Sum(static layer => layer.MultiplyAdds);

    /// <summary>Plans a network with elements of type T.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">The batch, from 1.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <exception cref="ArgumentException">The batch is below 1, or a layer cannot run so.</exception>
    public static NetworkPlan Of<T>(NetworkDescription network, int batch, int threads = 0)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        var options = new ExecutionOptions { Training = true, Threads = threads };
        var schedule = new NetworkSchedule<T>(network, batch, options);
        var workers = options.ToPlanOptions().ResolvedThreads;
        var fields = ReceptiveFields.Of(network);
        var one = network.Shapes(1);
        var size = Unsafe.SizeOf<T>();
        var layers = network.Layers.Select((layer, index) =>
        {
            var inputs = network.InputShapes(index, 1, one);
            // A tied decoder has the windows and the work of the layer whose kernel it takes.
            var owner = layer.TakesKernelOfReference ? network.Graph.References[index]!.Value : index;
            var axes = network.Layers[owner].Axes(network.InputShapes(owner, 1, one));
            var parameters = layer.Parameters(inputs).Sum(static parameter => parameter.Shape.Product);
            var workspace = schedule.Layers[index].SharedElements + (schedule.Layers[index].WorkerElements * workers);
            return new LayerPlan(
                layer.Name,
                layer.Kind,
                network.OfOneExample(index, one[index]),
                axes,
                layer is TransposedConvolution or TiedTranspose,
                fields[index],
                parameters,
                network.Layers[owner].MultiplyAdds(network.InputShapes(owner, 1, one)),
                parameters * size,
                schedule.Shapes[index].Product * size,
                workspace * size);
        });
        return new NetworkPlan(network, batch, [.. layers], schedule.Memory, MemoryPlan.Of<T>(network, batch, options with { Training = false }));
    }
}
