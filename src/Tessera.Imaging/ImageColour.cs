namespace Tessera.Imaging;

/// <summary>Which channels are wanted of an image.</summary>
public enum ImageColour
{
    /// <summary>One channel: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601).</summary>
    Grey,

    /// <summary>Three channels: red, green, blue.</summary>
    Colour,
}
