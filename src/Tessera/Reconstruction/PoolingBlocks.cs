namespace Tessera.Reconstruction;

/// <summary>
/// The blocks that probabilistic max pooling cuts one channel's positions into: side by side from position 0, the last of an axis smaller where
/// the block does not divide the size. Blocks are in row-major order, as the pooled features are.
/// </summary>
internal sealed class PoolingBlocks
{
    private readonly int[] starts;
    private readonly int[] positions;

    public PoolingBlocks(Sizes output, Sizes block)
    {
        Size = [.. output.Select((size, axis) => (size + block[axis] - 1) / block[axis])];
        var count = (int)Size.Product;
        var members = new List<int>[count];
        for (var j = 0; j < count; j++) members[j] = [];
        for (var position = 0; position < output.Product; position++)
        {
            int rest = position, at = 0, stride = 1;
            for (var axis = output.Count - 1; axis >= 0; axis--)
            {
                at += rest % output[axis] / block[axis] * stride;
                stride *= Size[axis];
                rest /= output[axis];
            }

            members[at].Add(position);
        }

        positions = [.. members.SelectMany(static list => list)];
        starts = new int[count + 1];
        for (var j = 0; j < count; j++) starts[j + 1] = starts[j] + members[j].Count;
    }

    /// <summary>How many blocks there are on each axis.</summary>
    public Sizes Size { get; }

    /// <summary>How many blocks one channel has.</summary>
    public int Count => starts.Length - 1;

    /// <summary>The positions of one block, rising.</summary>
    public ReadOnlySpan<int> this[int block] => positions.AsSpan(starts[block]..starts[block + 1]);
}
