using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Makes channels of the positions of each block, [N, C, i…] to [N, C·∏b, i_1 / b_1 …]: what <see cref="DepthToSpace"/> undoes.</summary>
/// <param name="Block">The block's size on each spatial axis, which must divide the input's.</param>
/// <param name="Order">In which order the channels hold channel and place.</param>
public sealed record SpaceToDepth(Sizes Block, BlockOrder Order = BlockOrder.DepthColumnRow) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "space-to-depth";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var input = inputs[0];
        BlockMoves.Check(this, Block, input);
        for (var axis = 0; axis < Block.Count; axis++)
        {
            if (input[2 + axis] % Block[axis] != 0) throw Misfit($"input {input[2 + axis]} on spatial axis {axis}, which blocks of {Block} do not divide evenly; pad or slice it to a multiple of {Block[axis]}.");
        }

        return [input[0], (int)(input[1] * Block.Product), .. input.From(2).Select((size, axis) => size / Block[axis])];
    }

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs) =>
        BlockMoves.ToSpace(Order, inputs[0][0], inputs[0][1], [.. inputs[0].From(2).Select((size, axis) => size / Block[axis])], Block).Transposed();

    internal override IEnumerable<(int First, int End)>? Looks(int axis, int input, int output) =>
        Enumerable.Range(0, input / Block[axis]).Select(position => (position * Block[axis], (position + 1) * Block[axis]));

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), 0, context.Options);
}
