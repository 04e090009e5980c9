namespace Tessera.Imaging;

/// <summary>An image as bytes, channels first.</summary>
/// <param name="Shape">Channels (1 or 3), height, width.</param>
/// <param name="Pixels">The bytes, row-major.</param>
public sealed record DecodedImage(Sizes Shape, byte[] Pixels)
{
    /// <summary>The number of rows.</summary>
    public int Height => Shape[1];

    /// <summary>The pixels in a row.</summary>
    public int Width => Shape[2];
}
