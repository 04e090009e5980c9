namespace Tessera.Imaging;

/// <summary>
/// One filter as pixels, a pixel a weight: its planes (channels, and depth where there are three kernel axes) side by side with a pixel
/// between them, or as one plane in colour where there are three channels.
/// </summary>
internal sealed class FilterCell
{
    private const int MostPlanes = 16;

    private readonly int allPlanes;
    private readonly int columns;
    private readonly bool isColour;

    /// <summary>For a kernel of [filters, channels, kernel…].</summary>
    public FilterCell(Sizes shape)
    {
        columns = shape[^1];
        Height = shape.Count > 3 ? shape[^2] : 1;
        allPlanes = shape[1] * (shape.Count > 4 ? shape[2] : 1);
        isColour = shape[1] == 3 && allPlanes == 3;
        Planes = isColour ? 1 : Math.Min(MostPlanes, allPlanes);
    }

    public int Planes { get; }

    public int Width => (Planes * (columns + 1)) - 1;

    public int Height { get; }

    /// <summary>The pixels between filters: more than between planes.</summary>
    public int Gap => Planes > 1 ? 3 : 1;

    public bool LeavesPlanesOut => !isColour && Planes < allPlanes;

    /// <summary>Draws one filter at the beginning of <paramref name="target"/>, four bytes a pixel, rows <paramref name="stride"/> pixels apart.</summary>
    public void Draw(Span<byte> target, int stride, ReadOnlySpan<float> kernel, int filter, int tile, int tileCount, float largest)
    {
        var planeLength = Height * columns;
        var start = filter * allPlanes * planeLength;
        for (var plane = 0; plane < Planes; plane++)
        {
            for (var at = 0; at < planeLength; at++)
            {
                var pixel = target.Slice(4 * ((at / columns * stride) + (plane * (columns + 1)) + (at % columns)), 4);
                for (var colour = 0; colour < 3; colour++)
                {
                    var source = start + ((isColour ? colour : plane) * planeLength) + at;
                    pixel[colour] = Grey(kernel[(source * tileCount) + tile], largest);
                }

                pixel[3] = 255;
            }
        }
    }

    private static byte Grey(float weight, float largest) =>
        float.IsFinite(weight) && largest > 0 ? (byte)Math.Clamp(127.5f + (127.5f * weight / largest), 0, 255) : (byte)128;
}
