using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Maxout (Goodfellow et al. 2013): the largest of each group of neighbouring channels at every position,
/// [N, C, i…] to [N, C / size, i…]. Pooling over separately parametrised filters learns what to be invariant to.
/// </summary>
/// <param name="Size">The channels of a group; C must be a multiple.</param>
public sealed record ChannelPool(int Size) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "channel-pool";

    /// <inheritdoc/>
    public override string ShortName => "maxout";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var channels = inputs[0][1];
        if (Size < 1) throw Misfit($"groups of {Size} channels; give at least 1.");
        if (channels % Size != 0) throw Misfit($"the input {inputs[0]} has {channels} channels, which groups of {Size} do not divide evenly; give a multiple of {Size} channels.");
        return [inputs[0][0], channels / Size, .. inputs[0].From(2).AsSpan()];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ChannelPoolExecution<T>(context.Output, Size);
}
