using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The kernel of a shared or tiled operator packed for a product whose lanes are result channels: for each part, group and
/// panel [tap][source channel][lanes], taps by rising source coordinate, so that where they are neighbours and channels
/// stand last a row of taps is one run.
/// </summary>
internal sealed unsafe class ChannelsLastKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly bool transposed;
    private readonly int tiles;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly int volume;
    private readonly int lanes;
    private readonly int panels;
    private readonly int vectors;
    private readonly long tileElements;
    private readonly (int Part, int Tap)[][] places;
    private readonly long[] starts;
    private readonly int[] taps;

    /// <param name="geometry">The operator.</param>
    /// <param name="parts">Its parts that write anything.</param>
    /// <param name="transposed">Whether lanes are input channels.</param>
    /// <param name="lanes">Numbers in a vector.</param>
    /// <param name="mostVectors">The most vectors of a panel.</param>
    public ChannelsLastKernel(OperatorGeometry geometry, TapConvolution[] parts, bool transposed, int lanes, int mostVectors)
    {
        (this.transposed, this.lanes) = (transposed, lanes);
        tiles = (int)geometry.Tile.Product;
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        volume = (int)geometry.KernelSize.Product;
        tileElements = (long)geometry.PairCount * volume;
        vectors = (rows + lanes - 1) / lanes;
        panels = (vectors + mostVectors - 1) / mostVectors;
        MostWidth = (vectors + panels - 1) / panels * lanes;
        places = [.. Enumerable.Range(0, tiles).Select(_ => Enumerable.Repeat((-1, -1), volume).ToArray())];
        Orders = [.. parts.Select(Order)];
        starts = new long[parts.Length];
        taps = [.. parts.Select(part => part.TapCount)];
        for (var part = 0; part < parts.Length; part++)
        {
            starts[part] = Elements;
            Elements += (long)groups * taps[part] * channels * vectors * lanes;
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
    public int Jobs => checked(tiles * groups * panels);

    /// <summary>What packing takes.</summary>
    public long ScratchElements => (long)channels * volume * MostWidth;

    /// <summary>The first result channel of a panel, how many there are, and its width in whole vectors.</summary>
    public (int First, int Count, int Width) Panel(int panel)
    {
        int first = vectors * panel / panels * lanes, width = (vectors * (panel + 1) / panels * lanes) - first;
        return (first, Math.Min(width, rows - first), width);
    }

    /// <summary>Where a panel of a part begins.</summary>
    public T* At(T* packed, int part, int group, int panel) =>
        packed + (nint)(starts[part] + ((((long)group * vectors * lanes) + Panel(panel).First) * taps[part] * channels));

    /// <summary>Packs one panel of one group of one tile.</summary>
    public void Pack(int job, T* kernel, T* packed, T* scratch, bool useVectors)
    {
        job = Math.DivRem(job, panels, out var panel);
        var tile = Math.DivRem(job, groups, out var group);
        var (first, count, width) = Panel(panel);
        kernel += (nint)((tile * tileElements) + ((long)group * rows * channels * volume));
        if (count < width) new Span<T>(scratch, checked(channels * volume * width)).Clear();
        if (transposed)
        {
            for (var m = 0; m < channels; m++)
            {
                Transposition.Run(kernel + ((((nint)m * rows) + first) * volume), volume, count, volume, scratch + ((nint)m * volume * width), width, false, useVectors);
            }
        }
        else
        {
            Transposition.Run(kernel + ((nint)first * channels * volume), (long)channels * volume, count, channels * volume, scratch, width, false, useVectors);
        }

        for (var element = 0; element < volume; element++)
        {
            var (part, tap) = places[tile][element];
            if (part < 0) continue;
            var to = At(packed, part, group, panel) + ((nint)tap * channels * width);
            var from = scratch + ((nint)element * width);
            for (var c = 0; c < channels; c++, from += (nint)volume * width, to += width) new Span<T>(from, width).CopyTo(new Span<T>(to, width));
        }
    }

    private static int[] Order(TapConvolution part)
    {
        var rank = part.Axes.Length;
        return [.. Enumerable.Range(0, part.TapCount).OrderBy(tap => part.Offsets.AsMemory(tap * rank, rank).ToArray(), Comparer<int[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right)))];
    }
}
