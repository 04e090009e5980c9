namespace Tessera.Connections;

/// <summary>
/// One axis of a convolution written as a list of taps: result index j = 0 … Count − 1 stands at result coordinate
/// ResultStart + ResultStep·j and, for each tap, reads source coordinate SourceStep·j + Offset[tap] where that lies
/// inside the source. A tap multiplies with one kernel element of one kernel tile.
/// </summary>
/// <param name="ResultSize">Size of the axis that is written.</param>
/// <param name="SourceSize">Size of the axis that is read.</param>
/// <param name="ResultStart">Result coordinate of index 0.</param>
/// <param name="ResultStep">Distance between neighbouring indices in the result.</param>
/// <param name="Count">The number of indices.</param>
/// <param name="SourceStep">Distance between neighbouring indices in the source.</param>
/// <param name="Taps">The taps, in the order of their kernel elements.</param>
internal sealed record TapAxis(int ResultSize, int SourceSize, int ResultStart, int ResultStep, int Count, int SourceStep, TapAxis.Tap[] Taps)
{
    /// <summary>One tap: where it reads at index 0 (possibly outside), its kernel element and the tile that this element is taken from.</summary>
    internal readonly record struct Tap(int Offset, int Element, int Tile);

    /// <summary>
    /// The forward pass, one for each tile residue r: output p = r + t·j reads x = s·t·j + r·s + offset(q), with the
    /// kernel of tile r.
    /// </summary>
    public static TapAxis[] Forward(AxisGeometry axis)
    {
        var parts = new TapAxis[axis.Tile];
        for (var r = 0; r < axis.Tile; r++)
        {
            var taps = new Tap[axis.Kernel];
            for (var q = 0; q < axis.Kernel; q++) taps[q] = new Tap((r * axis.Stride) + axis.Offset(q), q, r);
            parts[r] = new TapAxis(axis.Output, axis.Input, r, axis.Tile, CountFrom(r, axis.Output, axis.Tile), axis.Stride * axis.Tile, taps);
        }

        return parts;
    }

    /// <summary>
    /// The transpose, one for each phase x0 of s·t: input x = x0 + s·t·j gathers from output p = (x0 − offset(q))/s + t·j
    /// over the q for which that is whole, with the kernel of tile p mod t.
    /// </summary>
    public static TapAxis[] InputGradient(AxisGeometry axis)
    {
        var period = axis.Stride * axis.Tile;
        var parts = new TapAxis[Math.Min(period, axis.Input)];
        for (var start = 0; start < parts.Length; start++)
        {
            var taps = new List<Tap>();
            for (var q = 0; q < axis.Kernel; q++)
            {
                var distance = start - axis.Offset(q);
                if (distance % axis.Stride != 0) continue;
                var p = distance / axis.Stride;
                var tile = p % axis.Tile;
                taps.Add(new Tap(p, q, tile < 0 ? tile + axis.Tile : tile));
            }

            parts[start] = new TapAxis(axis.Input, axis.Output, start, period, CountFrom(start, axis.Input, period), axis.Tile, [.. taps]);
        }

        return parts;
    }

    private static int CountFrom(int start, int size, int step) => start >= size ? 0 : ((size - start - 1) / step) + 1;
}
