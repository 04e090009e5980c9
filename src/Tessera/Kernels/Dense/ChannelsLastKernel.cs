using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The kernel of a shared or tiled operator packed for a product whose lanes are result channels: for each part, group and
/// panel [tap][source channel][lanes], taps by rising source coordinate, so that where they are neighbours and channels
/// stand last a row of taps is one run.
/// </summary>
internal sealed unsafe class ChannelsLastKernel<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int LeastChannels = 8;

    private readonly TurnedKernel turned;
    private readonly int tiles;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly int volume;
    private readonly int panels;
    private readonly int vectors;
    private readonly int channelsPerJob;
    private readonly int channelBlocks;
    private readonly long tileElements;
    private readonly (int Part, int Tap)[][] places;
    private readonly long[] starts;
    private readonly int[] taps;

    /// <param name="geometry">The operator.</param>
    /// <param name="parts">Its parts that write anything.</param>
    /// <param name="transposed">Whether lanes are input channels.</param>
    /// <param name="wantedJobs">The jobs that threads want.</param>
    public ChannelsLastKernel(OperatorGeometry geometry, TapConvolution[] parts, bool transposed, int wantedJobs)
    {
        turned = new TurnedKernel(geometry, transposed);
        tiles = (int)geometry.Tile.Product;
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        volume = (int)geometry.KernelSize.Product;
        tileElements = (long)geometry.PairCount * volume;
        vectors = Up(rows, TLanes.Count);
        panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        MostWidth = Up(vectors, panels) * TLanes.Count;
        channelsPerJob = Up(channels, (int)Math.Clamp(Up(wantedJobs, (long)tiles * groups * panels), 1, Up(channels, LeastChannels)));
        channelBlocks = Up(channels, channelsPerJob);
        places = [.. Enumerable.Range(0, tiles).Select(_ => Enumerable.Repeat((-1, -1), volume).ToArray())];
        Orders = [.. parts.Select(Order)];
        starts = new long[parts.Length];
        taps = [.. parts.Select(part => part.TapCount)];
        for (var part = 0; part < parts.Length; part++)
        {
            starts[part] = Elements;
            Elements += (long)groups * taps[part] * channels * vectors * TLanes.Count;
            for (var tap = 0; tap < taps[part]; tap++) places[parts[part].Tiles[Orders[part][tap]]][parts[part].Elements[Orders[part][tap]]] = (part, tap);
        }
    }

    /// <summary>For each part its taps, by rising source coordinate, the last axis fastest.</summary>
    public int[][] Orders { get; }

    /// <summary>Panels of result channels.</summary>
    public int Panels => panels;

    /// <summary>The width of the widest panel.</summary>
    public int MostWidth { get; }

    /// <summary>Elements of the packed kernel.</summary>
    public long Elements { get; }

    /// <summary>Jobs that pack it.</summary>
    public int Jobs => checked(tiles * groups * panels * channelBlocks);

    /// <summary>What packing takes.</summary>
    public long ScratchElements => (long)channelsPerJob * volume * MostWidth;

    /// <summary>The first result channel of a panel, how many there are, and its width in whole vectors.</summary>
    public (int First, int Count, int Width) Panel(int panel)
    {
        int first = vectors * panel / panels * TLanes.Count, width = (vectors * (panel + 1) / panels * TLanes.Count) - first;
        return (first, Math.Min(width, rows - first), width);
    }

    /// <summary>Where a panel of a part begins.</summary>
    public T* At(T* packed, int part, int group, int panel) =>
        packed + (nint)(starts[part] + ((((long)group * vectors * TLanes.Count) + Panel(panel).First) * taps[part] * channels));

    /// <summary>Packs some source channels of one panel of one group of one tile.</summary>
    public void Pack(int job, T* kernel, T* packed, T* scratch)
    {
        job = Math.DivRem(job, channelBlocks, out var block);
        job = Math.DivRem(job, panels, out var panel);
        var tile = Math.DivRem(job, groups, out var group);
        var (first, _, width) = Panel(panel);
        int channel = block * channelsPerJob, end = Math.Min(channels, channel + channelsPerJob);
        kernel += (nint)((tile * tileElements) + ((long)group * rows * channels * volume));
        turned.Turn<TVector, T, TLanes>(kernel, first, width, channel, end, scratch);
        for (var element = 0; element < volume; element++)
        {
            var (part, tap) = places[tile][element];
            if (part < 0) continue;
            RowCopy<TVector, T, TLanes>.CopyEach(scratch + ((nint)element * width), (nint)volume * width, At(packed, part, group, panel) + ((((nint)tap * channels) + channel) * width), width, width, end - channel);
        }
    }

    private static int[] Order(TapConvolution part)
    {
        var rank = part.Axes.Length;
        return [.. Enumerable.Range(0, part.TapCount).OrderBy(tap => part.Offsets.AsMemory(tap * rank, rank).ToArray(), Comparer<int[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right)))];
    }
}
