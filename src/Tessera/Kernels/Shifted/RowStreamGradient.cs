using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// The kernel gradient of one plane by one plane, a vector of columns at a time, streaming down the rows: a row of G is
/// loaded once and waits in registers for all source rows that it meets, a row of the source once for each kernel column.
/// <code>
///   source row y, + shift of the tap ──┬─ · G row y     ──▸ sum K[0]
///                                      ├─ · G row y − 1 ──▸ sum K[1]     a vector each, over all rows and columns
///                                      └─ · G row y − 2 ──▸ sum K[2]
/// </code>
/// For parts of two axes. Kernel rows that meet neighbouring rows of the source as it is laid out are a stream: all of
/// them at step 1, those of one phase at another.
/// </summary>
internal sealed unsafe class RowStreamGradient<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged
    where TLanes : struct, ILanes<TVector, T>
{
    private const int MostRows = 7;
    private const int MostColumns = 3;

    private readonly int width;
    private readonly int pitch;
    private readonly int[] tapLanes;
    private readonly int[][] streams;
    private readonly int[] columnsAtOnce;

    private RowStreamGradient(int width, int pitch, int[] tapLanes, int[][] streams)
    {
        this.width = width;
        this.pitch = pitch;
        this.tapLanes = tapLanes;
        this.streams = streams;
        // The sums of a stream and its rows of G stay in registers, beside one of the source and a mask.
        columnsAtOnce = [.. streams.Select(rows => Math.Clamp(TLanes.HasManyRegisters ? MostColumns : (14 - rows.Length) / rows.Length, 1, MostColumns))];
    }

    /// <summary>The gradient of a part whose axes allow for it and where it loads less than single taps would, or null.</summary>
    public static RowStreamGradient<TVector, T, TLanes>? TryMake(ShiftedBox box)
    {
        if (box.Part.Axes.Length != 2) return null;
        int height = box.Part.Axes[0].Taps.Length, width = box.Part.Axes[1].Taps.Length;
        if (height < 2 || width < 2) return null;
        int[] lanes = [.. box.TapLanes];
        var streams = new List<List<int>>();
        foreach (var row in Enumerable.Range(0, height).OrderBy(row => lanes[row * width]))
        {
            if (streams.Count > 0 && streams[^1].Count < MostRows && lanes[row * width] == lanes[streams[^1][^1] * width] + box.RowPitch) streams[^1].Add(row);
            else streams.Add([row]);
        }

        return streams.Count > 1 + (height / 3) ? null : new RowStreamGradient<TVector, T, TLanes>(width, box.RowPitch, lanes, [.. streams.Select(rows => rows.ToArray())]);
    }

    /// <summary>Adds the products of two planes to the sums of their taps.</summary>
    /// <param name="source">The source, laid out.</param>
    /// <param name="gradient">Rows of G.</param>
    /// <param name="gradientPitch">Their distance.</param>
    /// <param name="rows">How many.</param>
    /// <param name="length">Their length: at least a vector, and nothing beyond it is read.</param>
    /// <param name="sums">A vector for each tap.</param>
    public void Run(T* source, T* gradient, nint gradientPitch, int rows, int length, T* sums)
    {
        var shifts = stackalloc nint[MostColumns];
        for (var s = 0; s < streams.Length; s++)
        {
            fixed (int* kernelRows = streams[s])
            {
                for (int column = 0, columns; column < width; column += columns)
                {
                    // Four columns are two by two, where three fit.
                    var left = width - column;
                    columns = left == 4 ? Math.Min(2, columnsAtOnce[s]) : Math.Min(left, columnsAtOnce[s]);
                    for (var j = 0; j < columns; j++) shifts[j] = tapLanes[(kernelRows[0] * width) + column + j];
                    var strip = new Strip { Source = source, Gradient = gradient, GradientPitch = gradientPitch, Rows = rows, Length = length, Sums = sums + (column * TLanes.Count), KernelRows = kernelRows, Shifts = shifts };
                    switch (columns)
                    {
                        case 3: Columns<Three>(strip, streams[s].Length); break;
                        case 2: Columns<Two>(strip, streams[s].Length); break;
                        default: Columns<One>(strip, streams[s].Length); break;
                    }
                }
            }
        }
    }

    private void Columns<TColumns>(in Strip strip, int height)
        where TColumns : unmanaged, ICount
    {
        switch (height)
        {
            case 1: Stream<One, TColumns>(strip); break;
            case 2: Stream<Two, TColumns>(strip); break;
            case 3: Stream<Three, TColumns>(strip); break;
            case 4: Stream<Four, TColumns>(strip); break;
            case 5: Stream<Five, TColumns>(strip); break;
            case 6: Stream<Six, TColumns>(strip); break;
            default: Stream<Seven, TColumns>(strip); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Stream<TRows, TColumns>(in Strip strip)
        where TRows : unmanaged, ICount
        where TColumns : unmanaged, ICount
    {
        TVector a00 = TLanes.Zero, a01 = a00, a02 = a00;
        TVector a10 = a00, a11 = a00, a12 = a00;
        TVector a20 = a00, a21 = a00, a22 = a00;
        TVector a30 = a00, a31 = a00, a32 = a00;
        TVector a40 = a00, a41 = a00, a42 = a00;
        TVector a50 = a00, a51 = a00, a52 = a00;
        TVector a60 = a00, a61 = a00, a62 = a00;
        nint shift0 = strip.Shifts[0], shift1 = strip.Shifts[1], shift2 = strip.Shifts[2], step = pitch, gradientStep = strip.GradientPitch;
        for (var column = 0; column < strip.Length; column += TLanes.Count)
        {
            // The last vector of a row lies over the one before instead of reaching beyond it; what both have counts once.
            var at = Math.Min(column, strip.Length - TLanes.Count);
            var mask = TLanes.From(column - at);
            T* v = strip.Source + at, g = strip.Gradient + at;
            TVector g0 = TLanes.Zero, g1 = g0, g2 = g0, g3 = g0, g4 = g0, g5 = g0, g6 = g0;
            for (var left = strip.Rows + sizeof(TRows) - 1; left > 0; left--, v += step, g += gradientStep)
            {
                if (sizeof(TRows) > 6) g6 = g5;
                if (sizeof(TRows) > 5) g5 = g4;
                if (sizeof(TRows) > 4) g4 = g3;
                if (sizeof(TRows) > 3) g3 = g2;
                if (sizeof(TRows) > 2) g2 = g1;
                if (sizeof(TRows) > 1) g1 = g0;
                g0 = left >= sizeof(TRows) ? TLanes.And(TLanes.Load(g), mask) : TLanes.Zero;
                var x = TLanes.Load(v + shift0);
                a00 = TLanes.MultiplyAdd(g0, x, a00);
                if (sizeof(TRows) > 1) a10 = TLanes.MultiplyAdd(g1, x, a10);
                if (sizeof(TRows) > 2) a20 = TLanes.MultiplyAdd(g2, x, a20);
                if (sizeof(TRows) > 3) a30 = TLanes.MultiplyAdd(g3, x, a30);
                if (sizeof(TRows) > 4) a40 = TLanes.MultiplyAdd(g4, x, a40);
                if (sizeof(TRows) > 5) a50 = TLanes.MultiplyAdd(g5, x, a50);
                if (sizeof(TRows) > 6) a60 = TLanes.MultiplyAdd(g6, x, a60);

                if (sizeof(TColumns) > 1)
                {
                    x = TLanes.Load(v + shift1);
                    a01 = TLanes.MultiplyAdd(g0, x, a01);
                    if (sizeof(TRows) > 1) a11 = TLanes.MultiplyAdd(g1, x, a11);
                    if (sizeof(TRows) > 2) a21 = TLanes.MultiplyAdd(g2, x, a21);
                    if (sizeof(TRows) > 3) a31 = TLanes.MultiplyAdd(g3, x, a31);
                    if (sizeof(TRows) > 4) a41 = TLanes.MultiplyAdd(g4, x, a41);
                    if (sizeof(TRows) > 5) a51 = TLanes.MultiplyAdd(g5, x, a51);
                    if (sizeof(TRows) > 6) a61 = TLanes.MultiplyAdd(g6, x, a61);
                }

                if (sizeof(TColumns) > 2)
                {
                    x = TLanes.Load(v + shift2);
                    a02 = TLanes.MultiplyAdd(g0, x, a02);
                    if (sizeof(TRows) > 1) a12 = TLanes.MultiplyAdd(g1, x, a12);
                    if (sizeof(TRows) > 2) a22 = TLanes.MultiplyAdd(g2, x, a22);
                    if (sizeof(TRows) > 3) a32 = TLanes.MultiplyAdd(g3, x, a32);
                    if (sizeof(TRows) > 4) a42 = TLanes.MultiplyAdd(g4, x, a42);
                    if (sizeof(TRows) > 5) a52 = TLanes.MultiplyAdd(g5, x, a52);
                    if (sizeof(TRows) > 6) a62 = TLanes.MultiplyAdd(g6, x, a62);
                }
            }
        }

        var sums = strip.Sums;
        var to = strip.KernelRows;
        var row = width * TLanes.Count;
        Put<TColumns>(a00, a01, a02, sums + (to[0] * row));
        if (sizeof(TRows) > 1) Put<TColumns>(a10, a11, a12, sums + (to[1] * row));
        if (sizeof(TRows) > 2) Put<TColumns>(a20, a21, a22, sums + (to[2] * row));
        if (sizeof(TRows) > 3) Put<TColumns>(a30, a31, a32, sums + (to[3] * row));
        if (sizeof(TRows) > 4) Put<TColumns>(a40, a41, a42, sums + (to[4] * row));
        if (sizeof(TRows) > 5) Put<TColumns>(a50, a51, a52, sums + (to[5] * row));
        if (sizeof(TRows) > 6) Put<TColumns>(a60, a61, a62, sums + (to[6] * row));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TColumns>(TVector first, TVector second, TVector third, T* to)
        where TColumns : unmanaged, ICount
    {
        TLanes.Store(TLanes.Add(TLanes.Load(to), first), to);
        if (sizeof(TColumns) > 1) TLanes.Store(TLanes.Add(TLanes.Load(to + TLanes.Count), second), to + TLanes.Count);
        if (sizeof(TColumns) > 2) TLanes.Store(TLanes.Add(TLanes.Load(to + (2 * TLanes.Count)), third), to + (2 * TLanes.Count));
    }

    /// <summary>Some kernel columns of one stream.</summary>
    private ref struct Strip
    {
        public T* Source;
        public T* Gradient;
        public nint GradientPitch;
        public int Rows;
        public int Length;
        public T* Sums;
        public int* KernelRows;
        public nint* Shifts;
    }
}
