namespace Tessera.Imaging;

/// <summary>Where the stored picture's row 0 and column 0 belong, by Exif's numbers; the first word is the row's edge, the second the column's.</summary>
internal enum ImageOrientation
{
    TopLeft = 1,
    TopRight,
    BottomRight,
    BottomLeft,
    LeftTop,
    RightTop,
    RightBottom,
    LeftBottom,
}
