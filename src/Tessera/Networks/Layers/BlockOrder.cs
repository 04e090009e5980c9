using Tessera.Connections;

namespace Tessera.Networks.Layers;

/// <summary>In which order the channels hold what moves between depth and space.</summary>
public enum BlockOrder
{
    /// <summary>The place in the block first, then the channel: depth, column, row, c = place · C′ + c′.</summary>
    DepthColumnRow,

    /// <summary>The channel first, then the place in the block: column, row, depth, c = c′ · ∏b + place.</summary>
    ColumnRowDepth,
}

/// <summary>What moves between depth and space, the one way and the other.</summary>
internal static class BlockMoves
{
    /// <summary>From depth [N, C′·∏b, i…] to space [N, C′, i_1·b_1 …], every axis split by its block.</summary>
    public static CopyMap ToSpace(BlockOrder order, int batch, int channels, ReadOnlySpan<int> size, Sizes block)
    {
        var rank = block.Count;
        var blocksFirst = order == BlockOrder.DepthColumnRow;
        var axes = new List<CopyAxis> { CopyAxis.Whole(batch), CopyAxis.Whole(channels) };
        var places = new List<int> { 0, blocksFirst ? 1 + rank : 1 };
        for (var a = 0; a < rank; a++)
        {
            axes.AddRange([CopyAxis.Whole(size[a]), CopyAxis.Whole(block[a])]);
            places.AddRange([2 + rank + a, (blocksFirst ? 1 : 2) + a]);
        }

        return new CopyMap([.. axes], [.. places]);
    }

    /// <summary>One block size of at least 1 for each spatial axis.</summary>
    public static void Check(Layer layer, Sizes block, Sizes input)
    {
        if (input.Count < 3 || block.Count != input.Count - 2 || block.Any(static size => size < 1))
        {
            throw layer.Misfit($"a block of {block} for the input {input}; give one size of at least 1 for each spatial axis, after batch and channels.");
        }
    }
}
