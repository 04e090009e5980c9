namespace Tessera.Data;

/// <summary>
/// Blanks a square at a random place, as far as it lies inside the picture (T. DeVries and G. Taylor, "Improved regularization of
/// convolutional neural networks with cutout", 2017).
/// </summary>
public sealed record Cutout : ImageTransform
{
    /// <summary>Blanks a square of <paramref name="size"/> by <paramref name="size"/> pixels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public Cutout(int size, float fill = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Size = size;
        Fill = fill;
    }

    /// <summary>The side of the square in pixels.</summary>
    public int Size { get; }

    /// <summary>The value in the square.</summary>
    public float Fill { get; }

    internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random)
    {
        var planes = ImagePlanes.Of(shape);
        var top = planes.Height == 1 ? 0 : random.NextInt(planes.Height) - (Size / 2);
        var left = random.NextInt(planes.Width) - (Size / 2);
        var (firstRow, endRow) = (Math.Max(0, top), (int)Math.Min(planes.Height, (long)top + Size));
        var (firstColumn, endColumn) = (Math.Max(0, left), (int)Math.Min(planes.Width, (long)left + Size));
        for (var plane = 0; plane < planes.Count; plane++)
        {
            for (var row = firstRow; row < endRow; row++)
                sample.Slice((plane * planes.PlaneLength) + (row * planes.Width) + firstColumn, endColumn - firstColumn).Fill(Fill);
        }
    }
}
