namespace Tessera.Execution.Layers;

/// <summary>A shape as [outer, length, inner] around one axis, cut into jobs: some of the outer places, or a block of the inner ones of a single outer place.</summary>
internal readonly unsafe struct AxisView(Sizes shape, int axis)
{
    /// <summary>The inner places that are worked on together.</summary>
    public const int Block = 256;

    private const int JobElements = 8 * Chunks.Elements;

    private readonly long outer = Product(shape, 0, axis);
    private readonly int blocks = (int)((Product(shape, axis + 1, shape.Count) + Block - 1) / Block);

    /// <summary>The size of the axis.</summary>
    public int Length { get; } = shape[axis];

    /// <summary>Elements from one place on the axis to the next.</summary>
    public int Inner { get; } = (int)Product(shape, axis + 1, shape.Count);

    /// <summary>How many jobs there are.</summary>
    public int Jobs => (int)((Pieces + PiecesPerJob - 1) / PiecesPerJob);

    /// <summary>Blocks of all outer places, in order.</summary>
    private long Pieces => outer * blocks;

    private long PiecesPerJob => Math.Max(1, JobElements / ((long)Length * Math.Min(Inner, Block)));

    /// <summary>The blocks of a job: the first of them, and the first that is the next job's.</summary>
    public (long First, long End) PiecesOf(int job) => (job * PiecesPerJob, Math.Min(Pieces, (job + 1) * PiecesPerJob));

    /// <summary>Where a block begins, at place 0 of the axis, and how many neighbours it has.</summary>
    public (long Start, int Count) Piece(long piece)
    {
        var (place, block) = Math.DivRem(piece, blocks);
        var inner = (int)block * Block;
        return ((place * Length * Inner) + inner, Math.Min(Block, Inner - inner));
    }

    /// <summary>Place <paramref name="i"/> of the axis, for the neighbours of a block.</summary>
    public Span<T> Row<T>(T* values, long start, int i, int count)
        where T : unmanaged => new(values + start + ((long)i * Inner), count);

    private static long Product(Sizes shape, int from, int to)
    {
        long product = 1;
        for (var axis = from; axis < to; axis++) product *= shape[axis];
        return product;
    }
}
