using System.Numerics.Tensors;

namespace Tessera.Imaging;

/// <summary>Undoes the filters of PNG's rows (specification, chapter 9): each byte was stored as its difference from a forecast by its neighbours.</summary>
internal static class PngFilter
{
    /// <summary>Undoes filter <paramref name="type"/> in place; false where there is no such filter.</summary>
    /// <param name="type">0 none, 1 left, 2 above, 3 their mean, 4 Paeth's choice.</param>
    /// <param name="row">The row.</param>
    /// <param name="above">The row above, restored; zeros for the first.</param>
    /// <param name="pixelBytes">How far back the byte of the pixel to the left lies.</param>
    public static bool Undo(int type, Span<byte> row, ReadOnlySpan<byte> above, int pixelBytes)
    {
        switch (type)
        {
            case 0:
                return true;
            case 1:
                for (var i = pixelBytes; i < row.Length; i++) row[i] += row[i - pixelBytes];
                return true;
            case 2:
                TensorPrimitives.Add(row, above, row);
                return true;
            case 3:
                for (var i = 0; i < row.Length; i++) row[i] += (byte)(((i < pixelBytes ? 0 : row[i - pixelBytes]) + above[i]) / 2);
                return true;
            case 4:
                // Without a pixel to the left Paeth's choice is the one above.
                for (var i = 0; i < row.Length; i++) row[i] += i < pixelBytes ? above[i] : Paeth(row[i - pixelBytes], above[i], above[i - pixelBytes]);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Of left, above and upper left the one nearest to left + above − upper left, the earlier one where two are.</summary>
    private static byte Paeth(byte left, byte above, byte upperLeft)
    {
        var fromLeft = Math.Abs(above - upperLeft);
        var fromAbove = Math.Abs(left - upperLeft);
        var fromUpperLeft = Math.Abs(left + above - (2 * upperLeft));
        return fromLeft <= fromAbove && fromLeft <= fromUpperLeft ? left : fromAbove <= fromUpperLeft ? above : upperLeft;
    }
}
