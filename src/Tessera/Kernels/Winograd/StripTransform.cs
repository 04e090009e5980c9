using System.Numerics;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// Carries a strip of tiles between planes and the components (six by six) of its tiles, a vector of channels at a time:
/// <code>
///     planes [c][y][x]  ⇄  channels last [6 rows][x][lanes], in L1  ⇄  down the columns, in place  ⇄  along the rows, tile by tile
///                                                                      [component][tile][channel]
/// </code>
/// </summary>
internal sealed unsafe class StripTransform<TVector, T, TLanes>(WinogradTiling tiling)
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly WinogradAxis rows = tiling.Rows;
    private readonly WinogradAxis columns = tiling.Columns;
    private readonly nint rowElements = (nint)tiling.Span * TLanes.Count;

    /// <summary>What one strip of a vector of channels takes while it is transformed.</summary>
    public long ScratchElements => rows.Points * rowElements;

    /// <summary>Channels in whole vectors, and in whole panels of rows.</summary>
    public static int Padded(int channels)
    {
        var unit = Math.Max(8, TLanes.Count);
        return (channels + unit - 1) / unit * unit;
    }

    /// <summary>Elements from one component to the next: rounded up so that components do not fall on one another in the caches.</summary>
    public static nint ComponentPitch(nint elements)
    {
        var line = 64 / sizeof(T);
        return (((elements + line - 1) / line) | 1) * line;
    }

    /// <summary>Bᵀ d B of some channels of the source, zeros outside it, for all groups of taps: [component][tile][group][channel].</summary>
    /// <param name="strip">The tiles.</param>
    /// <param name="planes">The plane of the first channel that it reads; null for zeros.</param>
    /// <param name="planeStride">From one channel to the next.</param>
    /// <param name="channels">How many; the rest of <see cref="Padded"/> becomes zeros.</param>
    /// <param name="to">The first tile's first channel, component 0.</param>
    /// <param name="componentPitch">From one component to the next.</param>
    /// <param name="tilePitch">From one tile to the next.</param>
    /// <param name="groupPitch">From one group of taps to the next.</param>
    /// <param name="scratch">Room for <see cref="ScratchElements"/>.</param>
    public void Source(in Strip strip, T* planes, nint planeStride, int channels, T* to, nint componentPitch, nint tilePitch, nint groupPitch, T* scratch)
    {
        for (var c = 0; c < Padded(channels); c += TLanes.Count)
        {
            var into = to + c;
            foreach (var lowest in rows.Lowest)
            {
                LayOut(planes == null ? null : planes + (c * planeStride), planeStride, channels - c, rows.Points, strip.Row + lowest, rows.SourceSize, strip.First + columns.Lowest[0], columns.SourceSize, scratch);
                if (rows.Points > 1) PointTransform<TVector, T, TLanes>.Spread(scratch, rowElements, TLanes.Count, scratch, rowElements, TLanes.Count, tiling.Span);
                foreach (var place in columns.Lowest)
                {
                    for (var tile = 0; tile < strip.Tiles; tile++)
                    {
                        var from = scratch + ((nint)(columns.Starts[strip.FirstTile + tile] - strip.First + place - columns.Lowest[0]) * TLanes.Count);
                        PointTransform<TVector, T, TLanes>.Spread(from, (nint)columns.Step * TLanes.Count, rowElements, into + (tile * tilePitch), componentPitch, columns.Points * componentPitch, rows.Points);
                    }

                    into += groupPitch;
                }
            }
        }
    }

    /// <summary>E g Eᵀ of some channels of the result's gradient, for all residues: [component][tile][residue][channel].</summary>
    public void ResultGradient(in Strip strip, T* planes, nint planeStride, int channels, T* to, nint componentPitch, nint tilePitch, nint residuePitch, T* scratch)
    {
        for (var c = 0; c < Padded(channels); c += TLanes.Count)
        {
            var into = to + c;
            foreach (var below in rows.Residues)
            {
                LayOut(planes + (c * planeStride), planeStride, channels - c, rows.Outputs, strip.Row + below, rows.ResultSize, strip.First, columns.ResultSize, scratch);
                if (rows.Points > 1) PointTransform<TVector, T, TLanes>.Evaluate(rows.Outputs, false, scratch, rowElements, TLanes.Count, scratch, rowElements, TLanes.Count, tiling.Span);
                foreach (var beside in columns.Residues)
                {
                    for (var tile = 0; tile < strip.Tiles; tile++)
                    {
                        var from = scratch + ((nint)(columns.Starts[strip.FirstTile + tile] - strip.First + beside) * TLanes.Count);
                        PointTransform<TVector, T, TLanes>.Evaluate(columns.Outputs, false, from, (nint)columns.Step * TLanes.Count, rowElements, into + (tile * tilePitch), componentPitch, columns.Points * componentPitch, rows.Points);
                    }

                    into += residuePitch;
                }
            }
        }
    }

    /// <summary>Mᵀ y M into the result's planes, with a bias for each channel or null.</summary>
    public void Result(in Strip strip, T* from, nint componentPitch, nint tilePitch, nint residuePitch, int channels, T* bias, T* planes, nint planeStride, bool accumulate, T* scratch)
    {
        var width = strip.End - strip.First;
        for (var c = 0; c < channels; c += TLanes.Count)
        {
            var lanes = Math.Min(TLanes.Count, channels - c);
            var sums = from + c;
            foreach (var below in rows.Residues)
            {
                foreach (var beside in columns.Residues)
                {
                    for (var tile = 0; tile < strip.Tiles; tile++)
                    {
                        var to = scratch + ((nint)(columns.Starts[strip.FirstTile + tile] - strip.First + beside) * TLanes.Count);
                        PointTransform<TVector, T, TLanes>.Gather(columns.Outputs, false, sums + (tile * tilePitch), componentPitch, columns.Points * componentPitch, to, (nint)columns.Step * TLanes.Count, rowElements, rows.Points);
                    }

                    sums += residuePitch;
                }

                if (rows.Points > 1) PointTransform<TVector, T, TLanes>.Gather(rows.Outputs, false, scratch, rowElements, TLanes.Count, scratch, rowElements, TLanes.Count, width);
                for (int i = 0, y = strip.Row + below; i < rows.Outputs && y < rows.ResultSize; i++, y += rows.Step)
                {
                    var row = scratch + (i * rowElements);
                    if (bias != null) AddBias(row, bias + c, lanes, width);
                    Transposition.Run(row, TLanes.Count, width, lanes, planes + (c * planeStride) + ((nint)y * columns.ResultSize) + strip.First, planeStride, accumulate, TLanes.Count * sizeof(T) > 16);
                }
            }
        }
    }

    private static void AddBias(T* row, T* bias, int lanes, int width)
    {
        var own = stackalloc T[TLanes.Count];
        for (var lane = 0; lane < TLanes.Count; lane++) own[lane] = lane < lanes ? bias[lane] : T.Zero;
        var add = TLanes.Load(own);
        for (var x = 0; x < width; x++, row += TLanes.Count) TLanes.Store(TLanes.Add(TLanes.Load(row), add), row);
    }

    /// <summary>Some rows of a vector of channels, channels last, with zeros outside the planes.</summary>
    private void LayOut(T* planes, nint planeStride, int channels, int rowCount, int y, int height, int x, int width, T* to)
    {
        if (planes != null && rows.Step == 1 && width < tiling.Span)
        {
            // Short rows of the next channels: the processor would not see them coming.
            int top = Math.Clamp(y, 0, height), bottom = Math.Clamp(y + rowCount, top, height);
            var ahead = planes + (TLanes.Count * planeStride) + ((nint)top * width);
            for (var c = TLanes.Count; c < Math.Min(channels, 2 * TLanes.Count); c++, ahead += planeStride) Prefetch.Elements(ahead, (bottom - top) * width);
        }

        channels = Math.Min(channels, TLanes.Count);
        int from = Math.Clamp(-x, 0, tiling.Span), end = Math.Clamp(width - x, from, tiling.Span);
        for (var i = 0; i < rowCount; i++, y += rows.Step, to += rowElements)
        {
            if (planes == null || channels <= 0 || (uint)y >= (uint)height || end == from)
            {
                new Span<T>(to, (int)rowElements).Clear();
                continue;
            }

            if (channels < TLanes.Count) new Span<T>(to, (int)rowElements).Clear();
            new Span<T>(to, from * TLanes.Count).Clear();
            Transposition.Run(planes + ((nint)y * width) + x + from, planeStride, channels, end - from, to + ((nint)from * TLanes.Count), TLanes.Count, false, TLanes.Count * sizeof(T) > 16);
            new Span<T>(to + ((nint)end * TLanes.Count), (tiling.Span - end) * TLanes.Count).Clear();
        }
    }
}
