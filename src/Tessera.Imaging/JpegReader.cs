using System.Runtime.InteropServices;
using SkiaSharp;

namespace Tessera.Imaging;

/// <summary>Reads JPEG files with Skia, the only native library of Tessera; nothing else needs it.</summary>
internal static class JpegReader
{
    private static readonly string Library = OperatingSystem.IsWindows() ? "libSkiaSharp.dll" : OperatingSystem.IsMacOS() ? "libSkiaSharp.dylib" : "libSkiaSharp.so";

    static JpegReader()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(SKCodec).Assembly, static (name, assembly, search) =>
                NativeLibrary.TryLoad(name, assembly, search, out var found) || TryLoadBesideTheProgram(out found) ? found : 0);
        }
        catch (InvalidOperationException)
        {
            // The program around this library has said already where Skia's is.
        }
    }

    /// <summary>Whether the bytes begin as a JPEG file does.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) => content is [0xFF, 0xD8, 0xFF, ..];

    /// <summary>The picture, or its header alone.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="headerOnly">Whether to leave the pixels out.</param>
    /// <exception cref="InvalidDataException">The file is damaged, cut off or too large.</exception>
    /// <exception cref="NotSupportedException">Skia's library was not found.</exception>
    public static StoredImage Read(byte[] content, string name, bool headerOnly)
    {
        try
        {
            return Decode(content, name, headerOnly);
        }
        catch (Exception exception) when (exception is DllNotFoundException || exception.GetBaseException() is DllNotFoundException)
        {
            throw new NotSupportedException(
                $"{name}: a JPEG file is read by the library {Library}, which is not beside the program; put it there (the packages SkiaSharp.NativeAssets.* hold it) or convert the image to PNG.", exception);
        }
    }

    // A program that was unpacked into memory has no folder of its own; the one that it was called by may hold the library.
    private static bool TryLoadBesideTheProgram(out nint found)
    {
        found = 0;
        return Path.GetDirectoryName(Environment.GetCommandLineArgs()[0]) is { Length: > 0 } folder && NativeLibrary.TryLoad(Path.Combine(folder, Library), out found);
    }

    private static StoredImage Decode(byte[] content, string name, bool headerOnly)
    {
        // The codec takes the stream over and closes it.
        using var codec = SKCodec.Create(new SKMemoryStream(content), out var opened)
            ?? throw new InvalidDataException($"{name}: not a PNG or JPEG image, or a damaged one ({opened}).");
        var image = new StoredImage(codec.Info.Height, codec.Info.Width, codec.Info.ColorType is SKColorType.Gray8, (ImageOrientation)codec.EncodedOrigin);
        image.CheckSize(name, content.Length);
        if (headerOnly) return image;

        var info = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var pixels = GC.AllocateUninitializedArray<byte>(info.BytesSize);
        var pin = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        try
        {
            var result = codec.GetPixels(info, pin.AddrOfPinnedObject());
            if (result != SKCodecResult.Success) throw new InvalidDataException($"{name}: the image is cut off or damaged ({result}).");
        }
        finally
        {
            pin.Free();
        }

        return image with { Pixels = pixels };
    }
}
