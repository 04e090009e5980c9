using System.IO.Compression;

namespace Tessera.Launcher;

/// <summary>
/// Programs behind a program: packed in blocks, so that several threads unpack one, and what all hold word for word (data sets) once. The index
/// is found from the end of the file, as a zip file's is.
/// <code>
///   launcher ▸ shared data ▸ blocks of image 1 ▸ blocks of image 2 … ▸ index ▸ its length (4) ▸ mark (8)
/// </code>
/// </summary>
internal static class ImageBundle
{
    private const int BlockBytes = 1 << 20;
    private const int TailBytes = 12;
    private const int WindowBits = 20;
    private const int BestQuality = 11;

    private static ReadOnlySpan<byte> Mark => "TESSERA\u0001"u8;

    /// <summary>Writes images behind what <paramref name="output"/> holds already.</summary>
    /// <param name="output">The file, at its end.</param>
    /// <param name="images">The level and the bytes of each program.</param>
    /// <param name="shared">What to look for in them and keep once.</param>
    public static void Write(Stream output, IReadOnlyList<(int Level, byte[] Content)> images, IReadOnlyList<byte[]> shared)
    {
        shared = [.. shared.Where(bytes => bytes.Length > 0 && images.Any(image => image.Content.AsSpan().IndexOf(bytes) >= 0))];
        var sharedOffsets = new long[shared.Count];
        for (var i = 0; i < shared.Count; i++)
        {
            sharedOffsets[i] = output.Position;
            output.Write(shared[i]);
        }

        using var index = new MemoryStream();
        using var writer = new BinaryWriter(index);
        writer.Write(images.Count);
        foreach (var (level, content) in images)
        {
            var found = shared.Select((bytes, i) => (At: content.AsSpan().IndexOf(bytes), Index: i)).Where(place => place.At >= 0).OrderBy(place => place.At);
            var blocks = new List<PackedBlock>();
            var at = 0;
            foreach (var place in found.Where(place => place.At >= at))
            {
                Pack(output, content.AsMemory(at, place.At - at), blocks);
                blocks.Add(new PackedBlock(sharedOffsets[place.Index], shared[place.Index].Length, shared[place.Index].Length));
                at = place.At + shared[place.Index].Length;
            }

            Pack(output, content.AsMemory(at), blocks);
            writer.Write(level);
            writer.Write(blocks.Count);
            foreach (var block in blocks)
            {
                writer.Write(block.Offset);
                writer.Write(block.Stored);
                writer.Write(block.Length);
            }
        }

        writer.Write((int)index.Length);
        writer.Write(Mark);
        writer.Flush();
        output.Write(index.GetBuffer(), 0, (int)index.Length);
    }

    /// <summary>The images behind a program; false where there are none.</summary>
    public static bool TryRead(FileStream file, out IReadOnlyList<PackedImage> images)
    {
        images = [];
        Span<byte> tail = stackalloc byte[TailBytes];
        if (file.Length < TailBytes) return false;
        RandomAccess.Read(file.SafeFileHandle, tail, file.Length - TailBytes);
        if (!tail[4..].SequenceEqual(Mark)) return false;
        var index = new byte[BitConverter.ToInt32(tail)];
        RandomAccess.Read(file.SafeFileHandle, index, file.Length - TailBytes - index.Length);
        using var reader = new BinaryReader(new MemoryStream(index));
        var list = new PackedImage[reader.ReadInt32()];
        for (var i = 0; i < list.Length; i++)
        {
            var level = reader.ReadInt32();
            var blocks = new PackedBlock[reader.ReadInt32()];
            for (var j = 0; j < blocks.Length; j++) blocks[j] = new PackedBlock(reader.ReadInt64(), reader.ReadInt32(), reader.ReadInt32());
            list[i] = new PackedImage(level, blocks);
        }

        images = list;
        return true;
    }

    /// <summary>Unpacks a block into <paramref name="destination"/>, which has its length.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static void Unpack(Microsoft.Win32.SafeHandles.SafeFileHandle file, PackedBlock block, Span<byte> destination)
    {
        if (block.Stored == block.Length)
        {
            RandomAccess.Read(file, destination, block.Offset);
            return;
        }

        var stored = new byte[block.Stored];
        RandomAccess.Read(file, stored, block.Offset);
        if (!BrotliDecoder.TryDecompress(stored, destination, out var written) || written != block.Length) throw new InvalidDataException("the program's file is damaged.");
    }

    private static void Pack(Stream output, ReadOnlyMemory<byte> content, List<PackedBlock> blocks)
    {
        var plain = new ReadOnlyMemory<byte>[(content.Length + BlockBytes - 1) / BlockBytes];
        for (var i = 0; i < plain.Length; i++) plain[i] = content.Slice(i * BlockBytes, Math.Min(BlockBytes, content.Length - (i * BlockBytes)));
        var stored = new ReadOnlyMemory<byte>[plain.Length];
        Parallel.For(0, plain.Length, i =>
        {
            var packed = new byte[plain[i].Length];
            var fits = BrotliEncoder.TryCompress(plain[i].Span, packed, out var length, BestQuality, WindowBits) && length < plain[i].Length;
            stored[i] = fits ? packed.AsMemory(0, length) : plain[i];
        });
        for (var i = 0; i < plain.Length; i++)
        {
            blocks.Add(new PackedBlock(output.Position, stored[i].Length, plain[i].Length));
            output.Write(stored[i].Span);
        }
    }
}
