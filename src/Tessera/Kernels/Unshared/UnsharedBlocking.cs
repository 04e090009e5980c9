using Tessera.Connections;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// How an unshared operator is cut so that what a job works on stays in the cache: so many examples side by side, so
/// many positions of a row, so many channels of either side.
/// </summary>
internal sealed class UnsharedBlocking
{
    /// <summary>Two thirds of a second-level cache, which buffers share with the weights that stream through: less of it cuts rows, and the ends of cut rows are fetched twice.</summary>
    public const int CacheBytes = 700 * 1024;

    private const long NearBytes = 4L << 20;

    private const int BytesAlongBatch = 256;

    private const int LineBytes = 64;

    private readonly int elementsOfLine;

    private UnsharedBlocking(RowWalk walk, int groups, int bytes) => (Walk, Groups, elementsOfLine) = (walk, groups, LineBytes / bytes);

    /// <summary>The rows that are walked.</summary>
    public RowWalk Walk { get; }

    /// <summary>Whether inputs and outputs are too large to wait near by, so that it pays to fetch their rows while products run.</summary>
    public bool IsFar { get; private init; }

    /// <summary>Examples in a block, a multiple of the vector.</summary>
    public int Examples { get; private set; }

    /// <summary>Positions (gradient of the input: inputs) of the last axis in a segment.</summary>
    public int Segment { get; private set; }

    /// <summary>Groups that a job takes on.</summary>
    public int Groups { get; private set; }

    /// <summary>The most input channels in a buffer.</summary>
    public int Inputs { get; private set; }

    /// <summary>The most output channels in a buffer.</summary>
    public int Outputs { get; private set; }

    /// <summary>Elements of the longest input row that a segment needs.</summary>
    public int InputSegment { get; private set; }

    /// <summary>Elements of the longest output row that a segment needs.</summary>
    public int OutputSegment { get; private set; }

    /// <summary>The distance between rows of the input buffer.</summary>
    public int InputStride => Apart(InputSegment * Examples);

    /// <summary>The distance between channels of the output buffer.</summary>
    public int OutputStride => Apart(OutputSegment * Examples);

    /// <summary>The distance between positions in an output buffer whose channels run fastest.</summary>
    public int PositionStride => Apart(Outputs * Examples);

    /// <summary>The input buffer [channel][slot][x][example].</summary>
    public long InputElements => (long)Inputs * Walk.Slots * InputStride;

    /// <summary>The output buffer, [channel][x][example] in some order.</summary>
    public long OutputElements => Math.Max((long)Outputs * OutputStride, (long)OutputSegment * PositionStride);

    /// <summary>Chooses a blocking.</summary>
    /// <param name="g">The operator.</param>
    /// <param name="batch">Batch size.</param>
    /// <param name="lanes">Elements of a vector.</param>
    /// <param name="bytes">Bytes of an element.</param>
    /// <param name="cutsInput">Whether segments are cut from input rows, for the gradient of the input, not from output rows.</param>
    /// <param name="cacheBytes">What the buffers should not exceed.</param>
    public static UnsharedBlocking Choose(OperatorGeometry g, int batch, int lanes, int bytes, bool cutsInput, int cacheBytes)
    {
        var walk = new RowWalk(g);
        int inputs = g.InputChannels / g.Groups, outputs = g.OutputChannels / g.Groups;
        var b = new UnsharedBlocking(walk, g.Groups, bytes)
        {
            Examples = Math.Min((batch + lanes - 1) / lanes * lanes, Math.Max(lanes, BytesAlongBatch / bytes)),
            Segment = cutsInput ? walk.Last.Input : walk.Last.Output,
            Inputs = inputs * g.Groups,
            Outputs = outputs * g.Groups,
            IsFar = batch * ((g.InputChannels * g.InputSize.Product) + (g.OutputChannels * g.OutputSize.Product)) * bytes > NearBytes,
        };
        while (true)
        {
            b.InputSegment = cutsInput ? b.Segment : Math.Min(walk.Last.Input, ((b.Segment - 1) * walk.Last.Stride) + walk.Last.DilatedKernel);
            b.OutputSegment = cutsInput ? Math.Min(walk.Last.Output, ((b.Segment + walk.Last.DilatedKernel - 2) / walk.Last.Stride) + 1) : b.Segment;
            // A job of several groups can be cut without cutting rows, so there the buffers are smaller.
            if ((b.InputElements + b.OutputElements) * bytes <= (b.Groups > 1 ? cacheBytes / 3 * 2 : cacheBytes)) return b;
            if (b.Groups > 1)
            {
                b.Groups = (b.Groups + 1) / 2;
                b.Inputs = inputs * b.Groups;
                b.Outputs = outputs * b.Groups;
            }
            else if (b.Segment > 8) b.Segment = (b.Segment + 1) / 2;
            else if (b.Examples > 2 * lanes) b.Examples = ((b.Examples / 2) + lanes - 1) / lanes * lanes;
            else if (b.Outputs > 48) b.Outputs /= 2;
            else if (b.Inputs > 32) b.Inputs /= 2;
            else if (b.Segment > 1) b.Segment = (b.Segment + 1) / 2;
            else if (b.Examples > lanes) b.Examples = lanes;
            else if (b.Inputs > 1) b.Inputs /= 2;
            else if (b.Outputs > 1) b.Outputs /= 2;
            else return b;
        }
    }

    /// <summary>How many runs of one side make a job: all groups of the job, or as many channels of a table as a buffer holds.</summary>
    public int PerJob(OperatorGeometry g, int block)
    {
        if (g.Table is not null) return block;
        return Groups > 1 ? Groups : 1;
    }

    /// <summary>The window of the other side's channels: all of them where groups keep them apart.</summary>
    public static int WindowOf(OperatorGeometry g, int block, int channels) => g.Groups > 1 && block >= channels / g.Groups ? channels : block;

    /// <summary>A distance at which rows do not fall on the same few places of the first-level cache.</summary>
    private int Apart(int elements)
    {
        var lines = (elements + elementsOfLine - 1) / elementsOfLine;
        return (lines % 8 == 0 ? lines + 4 : lines) * elementsOfLine;
    }
}
