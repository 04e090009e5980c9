using System.Numerics;
using Tessera.Connections;

namespace Tessera.Onnx.Export.Layers;

/// <summary>One axis of a tiled operator, seen as one convolution over whole tiles.</summary>
/// <param name="Input">Input size i.</param>
/// <param name="Output">Output size o.</param>
/// <param name="Tile">Tile size t.</param>
/// <param name="Units">Tiles u, the last perhaps cut off: ⌈o / t⌉.</param>
/// <param name="Kernel">Kernel size k′, zeros among them.</param>
/// <param name="Stride">s·t.</param>
/// <param name="Dilation">The distance that all elements of all places are multiples of.</param>
/// <param name="Low">Zeros before the input.</param>
internal readonly record struct TiledAxis(int Input, int Output, int Tile, int Units, int Kernel, int Stride, int Dilation, int Low)
{
    /// <summary>The output size with the last tile whole.</summary>
    public int Whole => Units * Tile;

    /// <summary>Zeros after the input that the last tile needs.</summary>
    public int High => Math.Max(0, -Left);

    /// <summary>Inputs after the last that a kernel reaches; below 0, the zeros that it needs.</summary>
    public int Left => Input + Low - (((Units - 1) * Stride) + (Dilation * (Kernel - 1)) + 1);

    public static TiledAxis Of(AxisGeometry axis)
    {
        int tile = axis.Tile, units = (axis.Output + tile - 1) / tile;
        var dilation = tile == 1 ? axis.Dilation : axis.Kernel == 1 ? axis.Stride : (int)BigInteger.GreatestCommonDivisor(axis.Stride, axis.Dilation);
        var kernel = ((((long)(tile - 1) * axis.Stride) + ((axis.Kernel - 1L) * axis.Dilation)) / dilation) + 1;
        return new TiledAxis(axis.Input, axis.Output, tile, units, checked((int)kernel), checked(axis.Stride * tile), dilation, axis.PadLow);
    }
}
