using System.Numerics;
using Tessera.Networks;

namespace Tessera.Execution;

/// <summary>What is known of a network before it runs: each layer's sizes, work and memory, and the memory of all.</summary>
/// <param name="Layers">The layers in the order of the description.</param>
/// <param name="Memory">The memory of an execution.</param>
public sealed record NetworkReport(IReadOnlyList<LayerReport> Layers, MemoryPlan Memory)
{
    /// <summary>Multiply-adds of one forward pass over the batch.</summary>
    public long MultiplyAdds => Layers.Sum(static layer => layer.MultiplyAdds);

    /// <summary>Reports on a network in elements of type T, and allocates none of its memory.</summary>
    /// <exception cref="ArgumentException">The batch is below 1, or a layer cannot run so.</exception>
    public static NetworkReport Of<T>(NetworkDescription network, int batch, ExecutionOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        options ??= ExecutionOptions.Inference;
        var schedule = new NetworkSchedule<T>(network, batch, options);
        return new NetworkReport([.. network.Layers.Select((_, index) => Row(network, batch, options, schedule, index))], schedule.Memory);
    }

    private static unsafe LayerReport Row<T>(NetworkDescription network, int batch, ExecutionOptions options, NetworkSchedule<T> schedule, int index)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var layer = network.Layers[index];
        var execution = schedule.Layers[index];
        var sources = network.Graph.Sources[index];
        var inputs = network.InputShapes(index, batch, schedule.Shapes);
        return new LayerReport(
            layer.Name,
            layer.Kind,
            [.. sources.Select(source => source < 0 ? NetworkDescription.InputName : network.Layers[source].Name)],
            [.. inputs.Take(sources.Length)],
            schedule.Shapes[index],
            layer.Axes(inputs),
            layer.Parameters(inputs).Sum(static parameter => parameter.Shape.Product),
            layer.MultiplyAdds(inputs),
            schedule.Shapes[index].Product * sizeof(T),
            sources.Any(source => schedule.Activations[source + 1] == schedule.Activations[index + 1]),
            execution.StateBytes,
            (execution.SharedElements + (execution.WorkerElements * options.ToPlanOptions().ResolvedThreads)) * sizeof(T));
    }
}
