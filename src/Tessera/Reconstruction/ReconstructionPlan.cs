using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// The sizes, work and memory of a model that is no network: all that is decided before the first float moves. Making it allocates none of the model's memory.
/// </summary>
public sealed class ReconstructionPlan
{
    private ReconstructionPlan(NetworkDescription encoder, int batch, IReadOnlyList<LayerPlan> layers, MemoryPlan memory, long multiplyAdds) =>
        (Encoder, Batch, Layers, Memory, MultiplyAdds) = (encoder, batch, layers, memory, multiplyAdds);

    /// <summary>What computes codes, up by the operators alone, as a network of the same names and sizes: what receptive fields and depth follow from.</summary>
    public NetworkDescription Encoder { get; }

    /// <summary>The batch that memory is counted for.</summary>
    public int Batch { get; }

    /// <summary>Each machine, its pooling, or the dictionary, the lowest first.</summary>
    public IReadOnlyList<LayerPlan> Layers { get; }

    /// <summary>The memory of the model at work, which is the same to train and to code: it keeps what it learns with.</summary>
    public MemoryPlan Memory { get; }

    /// <summary>Multiply-adds of the code of one example, padding counted out; of a sparse coder over all steps of its inference.</summary>
    public long MultiplyAdds { get; }

    /// <summary>Elements of all parameters.</summary>
    public long Parameters => Layers.Sum(static layer => layer.Parameters);

    /// <summary>A model's plan, layer by layer.</summary>
    /// <param name="encoder">The encoder; a layer with a kernel for each of <paramref name="parts"/>, in their order.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <param name="parts">The operators, with what is kept beside each.</param>
    internal static ReconstructionPlan Of<T>(NetworkDescription encoder, int batch, int threads, IReadOnlyList<ReconstructionPart> parts)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        long size = Unsafe.SizeOf<T>();
        var options = new PlanOptions { Threads = threads };
        var (one, fields) = (encoder.Shapes(1), ReceptiveFields.Of(encoder));
        var layers = new List<LayerPlan>();
        var (next, activations, learning, workspace, work) = (0, 0L, 0L, 0L, 0L);
        for (var index = 0; index < encoder.Layers.Count; index++)
        {
            var (layer, inputs) = (encoder.Layers[index], encoder.InputShapes(index, 1, one));
            var part = layer is Networks.Layers.Convolution ? parts[next++] : null;
            var parameters = part?.Parameters ?? 0;
            var own = part is null ? 0 : part.Operator.Plan<T>([batch, .. inputs[0].From(1).AsSpan()], options, layer.Name).WorkspaceBytes;
            layers.Add(new LayerPlan(
                layer.Name, part?.Kind ?? layer.Kind, one[index].From(1), layer.Axes(inputs), false, fields[index], parameters, layer.MultiplyAdds(inputs), parameters * size, one[index].Product * batch * size, own));
            activations += (part?.ActivationElements ?? 0) * size;
            learning += (part?.LearningElements ?? 0) * size;
            workspace += own;
            work += layer.MultiplyAdds(inputs) * (part?.Passes ?? 1);
        }

        var memory = new MemoryPlan(activations, activations, workspace, layers.Sum(static layer => layer.ParameterBytes), learning);
        return new ReconstructionPlan(encoder, batch, layers, memory, work);
    }
}
