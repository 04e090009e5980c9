namespace Tessera.Data;

/// <summary>
/// A sample seen as planes: the last two axes are height and width (a signal of one axis has height 1), and all axes before them are
/// planes that are treated alike.
/// </summary>
internal readonly record struct ImagePlanes(int Count, int Height, int Width)
{
    public int PlaneLength => Height * Width;

    public static ImagePlanes Of(Sizes shape)
    {
        if (shape.Count == 2) return new ImagePlanes(shape[0], 1, shape[1]);
        var planes = 1;
        for (var axis = 0; axis < shape.Count - 2; axis++) planes *= shape[axis];
        return new ImagePlanes(planes, shape[^2], shape[^1]);
    }
}
