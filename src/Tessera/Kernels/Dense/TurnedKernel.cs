using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The kernel of one group and tile of dense channels turned round, so that the result's channels stand side by side: K [m][c][q] becomes [source channel][q][lanes].
/// Lanes are m and source channels c going forward, the other way round for the input gradient.
/// </summary>
internal sealed unsafe class TurnedKernel(OperatorGeometry geometry, bool transposed)
{
    private const int FetchedAhead = 4;

    private readonly int inputs = geometry.InputChannels / geometry.Groups;
    private readonly int sources = (transposed ? geometry.OutputChannels : geometry.InputChannels) / geometry.Groups;
    private readonly int lanesInAll = (transposed ? geometry.InputChannels : geometry.OutputChannels) / geometry.Groups;
    private readonly int volume = (int)geometry.KernelSize.Product;

    /// <summary>Elements of some source channels for a panel of a width.</summary>
    public long Elements(int channels, int width) => (long)channels * volume * width;

    /// <summary>Where the panel from <paramref name="lane"/> on begins where whole kernels are laid out group by group, panel by panel, <paramref name="width"/> lanes in all.</summary>
    public nint PanelStart(int group, int lane, int width) => (nint)(Elements(sources, width) * group) + (nint)Elements(sources, lane);

    /// <summary>What turning some source channels for so many lanes costs, in vectors multiplied by rows.</summary>
    public double Cost(int channels, int lanes) => (!transposed ? 0.5 : volume == 1 ? 0.15 : 1.2) * channels * volume * lanes;

    /// <summary>Turns source channels [first, end) for the lanes from <paramref name="lane"/> on; those that do not exist become zeros.</summary>
    public void Turn<TVector, T, TLanes>(T* kernel, int lane, int width, int first, int end, T* to)
        where TVector : struct
        where T : unmanaged, INumberBase<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        var lanes = Math.Min(width, lanesInAll - lane);
        if (lanes < width) new Span<T>(to, checked((int)Elements(end - first, width))).Clear();
        if (!transposed)
        {
            Transposition.Run(kernel + ((((nint)lane * inputs) + first) * volume), (long)inputs * volume, lanes, (end - first) * volume, to, width, false, TLanes.Count * sizeof(T) > 16);
            return;
        }

        var row = (nint)inputs * volume;
        var from = kernel + (first * row) + ((nint)lane * volume);
        if (volume == 1)
        {
            RowCopy<TVector, T, TLanes>.CopyEach(from, row, to, width, lanes, end - first);
            return;
        }

        for (var m = first; m < end; m++, from += row, to += (nint)volume * width)
        {
            if (m + FetchedAhead < end) Prefetch.Elements(from + (FetchedAhead * row), (long)lanes * volume);
            Transposition.Run(from, volume, lanes, volume, to, width, false, TLanes.Count * sizeof(T) > 16);
        }
    }

    /// <summary>The transpose of <see cref="Turn"/> for the forward kernel: writes channels [first, end) of the source of the lanes from <paramref name="lane"/> on.</summary>
    public void TurnBack<TVector, T, TLanes>(T* turned, int width, T* kernel, int lane, int first, int end, bool accumulate)
        where TVector : struct
        where T : unmanaged, INumberBase<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        // A few lanes at a time: their rows are far apart, and each is written from end to end.
        const int atOnce = 8;
        var lanes = Math.Min(width, lanesInAll - lane);
        for (var some = 0; some < lanes; some += atOnce)
        {
            Transposition.Run(turned + some, width, (end - first) * volume, Math.Min(atOnce, lanes - some), kernel + ((((nint)(lane + some) * inputs) + first) * volume), (long)inputs * volume, accumulate, TLanes.Count * sizeof(T) > 16);
        }
    }

    /// <summary>Asks for a share of what <see cref="Turn"/> will read.</summary>
    public void FetchShare<T>(T* kernel, int lane, int width, (int First, int End) channels, int share, int shares)
        where T : unmanaged
    {
        var lanes = Math.Min(width, lanesInAll - lane);
        if (transposed) Prefetch.Share(kernel + ((nint)lane * volume), (long)inputs * volume, 0, channels, 1, lanes * volume, share, shares);
        else Prefetch.Share(kernel + ((nint)channels.First * volume), (long)inputs * volume, 0, (lane, lane + lanes), 1, (channels.End - channels.First) * volume, share, shares);
    }
}
