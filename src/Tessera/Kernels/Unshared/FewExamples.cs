using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>Consecutive outputs that see the same inputs: their weights, one row after the other, and which stretches of the patch a row is multiplied with.</summary>
internal readonly record struct PatchRows(int First, int Count, int Length, int FirstStretch, int Stretches);

/// <summary>A stretch of the patch.</summary>
internal readonly record struct PatchStretch(int Start, int Length);

/// <summary>
/// What the unshared algorithms for few examples share: the patch of a position in the order of the kernel, so that a
/// row of weights is read once, in its own order, at the speed of memory.
/// <code>
///   V [c][rows][x] ──▸ patch [c q]  ·  K [p][m][c q] ▸▸▸▸▸▸▸▸  one stream through all weights
/// </code>
/// </summary>
internal sealed unsafe class FewExamples<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The most examples that are few: with more, lanes along the batch are busier than memory.</summary>
    public const int Most = 3;

    private readonly int channels;
    private readonly int volume;

    public FewExamples(OperatorGeometry geometry)
    {
        Walk = new RowWalk(geometry);
        channels = geometry.InputChannels;
        volume = (int)geometry.KernelSize.Product;
        KernelStride = (long)geometry.PairCount * volume;
        PatchElements = RoundUp((long)channels * volume);
        InputPlane = geometry.InputSize.Product;
        OutputPlane = geometry.OutputSize.Product;
        var rows = new List<PatchRows>();
        var stretches = new List<PatchStretch>();
        for (var m = 0; m < geometry.OutputChannels;)
        {
            var count = geometry.Table is null ? geometry.OutputChannels / geometry.Groups : 1;
            var first = stretches.Count;
            for (var i = 0; i < geometry.FanIn(m); i++)
            {
                var start = geometry.InputChannel(m, i) * volume;
                if (stretches.Count > first && stretches[^1].Start + stretches[^1].Length == start) stretches[^1] = stretches[^1] with { Length = stretches[^1].Length + volume };
                else stretches.Add(new PatchStretch(start, volume));
            }

            rows.Add(new PatchRows(m, count, geometry.FanIn(m) * volume, first, stretches.Count - first));
            m += count;
        }

        Rows = [.. rows];
        Stretches = [.. stretches];
    }

    /// <summary>The rows that are walked.</summary>
    public RowWalk Walk { get; }

    /// <summary>All outputs.</summary>
    public PatchRows[] Rows { get; }

    /// <summary>The stretches of all rows.</summary>
    public PatchStretch[] Stretches { get; }

    /// <summary>Weights of a position.</summary>
    public long KernelStride { get; }

    /// <summary>Elements of one example's patch.</summary>
    public long PatchElements { get; }

    /// <summary>Elements of an input channel.</summary>
    public long InputPlane { get; }

    /// <summary>Elements of an output channel.</summary>
    public long OutputPlane { get; }

    /// <summary>Workspace for the lists of taps.</summary>
    public long ListElements => (3 * RoundUp(Walk.KernelRows)) + (2 * RoundUp(volume));

    /// <summary>Lays the lists out.</summary>
    public Patch<T> Begin(T* lists)
    {
        var patch = new Patch<T> { TapEnd = -1, End = Walk.Last.Input };
        patch.KernelRow = (int*)lists;
        patch.InputRow = (int*)(lists += RoundUp(Walk.KernelRows));
        patch.Slot = (int*)(lists += RoundUp(Walk.KernelRows));
        patch.TapScalar = (int*)(lists += RoundUp(Walk.KernelRows));
        patch.TapLane = (int*)(lists + RoundUp(volume));
        return patch;
    }

    /// <summary>Lists the rows that an output row meets.</summary>
    public void ListRows(ref Patch<T> patch, int outputRow)
    {
        patch.Rows = Walk.List(outputRow, 0, int.MaxValue, patch.KernelRow, patch.InputRow, patch.Slot);
        patch.TapEnd = -1;
    }

    /// <summary>Lists the taps of position p: scalar = place in a channel of the patch, lane = place in an input plane, less the position's own shift.</summary>
    /// <returns>Whether the list is another than the last position's.</returns>
    public bool ListTaps(ref Patch<T> patch, int p)
    {
        var (first, end) = Walk.Reach(p, 0, Walk.Last.Input);
        if (first == patch.TapFirst && end == patch.TapEnd) return false;
        (patch.TapFirst, patch.TapEnd) = (first, end);
        var count = 0;
        for (var i = 0; i < patch.Rows; i++)
        {
            for (var q = first; q < end; q++)
            {
                patch.TapScalar[count] = (patch.KernelRow[i] * Walk.Last.Kernel) + q;
                patch.TapLane[count++] = checked((patch.InputRow[i] * Walk.Last.Input) + Walk.Last.Offset(q));
            }
        }

        patch.Taps = new Terms(patch.TapScalar, patch.TapLane, count);
        return true;
    }

    /// <summary>Fills a patch; <paramref name="clear"/> where taps of the last position may not be taps of this one.</summary>
    public void Pack(in Terms taps, T* example, int p, bool clear, T* to)
    {
        if (clear) new Span<T>(to, (int)PatchElements).Clear();
        var from = example + ((long)p * Walk.Last.Stride);
        for (var c = 0; c < channels; c++, from += InputPlane, to += volume)
        {
            for (var i = 0; i < taps.Count; i++) to[taps.Scalar[i]] = from[taps.Lane[i]];
        }
    }

    /// <summary>Adds a patch to an input gradient.</summary>
    public void Spread(in Terms taps, T* patch, int p, T* to, long plane)
    {
        to += (long)p * Walk.Last.Stride;
        for (var c = 0; c < channels; c++, to += plane, patch += volume)
        {
            for (var i = 0; i < taps.Count; i++) to[taps.Lane[i]] += patch[taps.Scalar[i]];
        }
    }

    private static long RoundUp(long count) => (count + 15) / 16 * 16;
}
