using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Lays channels out as blocks of positions (sub-pixel convolution, Shi et al. 2016): [N, C, i…] to [N, C / ∏b, i_1·b_1 …], where position
/// x = p · b + q of channel c′ is position p of the channel that stands for c′ and the place q in the block.
/// </summary>
/// <param name="Block">The block's size on each spatial axis; C must be a multiple of their product.</param>
/// <param name="Order">In which order the channels hold channel and place.</param>
public sealed record DepthToSpace(Sizes Block, BlockOrder Order = BlockOrder.DepthColumnRow) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "depth-to-space";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var input = inputs[0];
        BlockMoves.Check(this, Block, input);
        var places = Block.Aggregate(1.0, static (product, size) => product * size);
        if (input[1] % places != 0) throw Misfit(FormattableString.Invariant($"the input {input} has {input[1]} channels, which blocks of {Block} do not divide evenly; give a multiple of {places} channels."));
        return [input[0], (int)(input[1] / places), .. input.From(2).Select((size, axis) => size * Block[axis])];
    }

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs) =>
        BlockMoves.ToSpace(Order, inputs[0][0], inputs[0][1] / (int)Block.Product, inputs[0].AsSpan()[2..], Block);

    internal override IEnumerable<(int First, int End)>? Looks(int axis, int input, int output) =>
        Enumerable.Range(0, input * Block[axis]).Select(position => (position / Block[axis], (position / Block[axis]) + 1));

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), 0, context.Options);
}
