using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace Tessera.Bench.Contestants;

/// <summary>
/// Loads PyTorch's native library, on Debian 12 too: its C++ runtime is one release older than the one that TorchSharp's
/// bridge was linked against, and lacks one symbol of it, which marks a header as used and is never called. There the bridge
/// in this program's output folder (the copy, not the package) is changed to need that symbol weakly: it may be absent.
/// </summary>
internal static partial class TorchLibrary
{
    private const string Symbol = "_ZSt21ios_base_library_initv";
    private const string SymbolVersion = "GLIBCXX_3.4.32";

    private static readonly Lazy<string?> Loaded = new(Load);

    /// <summary>Why PyTorch cannot be used here, or null when it is loaded.</summary>
    public static string? Absence => Loaded.Value;

    private static string? Load()
    {
        var bridge = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        try
        {
            if (!File.Exists(bridge)) return $"there is no {Path.GetFileName(bridge)} in the output folder";
            if (!NativeLibrary.TryLoad(bridge, out _))
            {
                NeedWeakly(bridge);
                NativeLibrary.Load(bridge);
            }

            KeepFreedMemory();
            torch.InitializeDeviceType(DeviceType.CPU);
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or IOException or InvalidDataException or NotSupportedException or UnauthorizedAccessException or TypeInitializationException)
        {
            return exception.Message.Split('\n')[0];
        }
    }

    // PyTorch allocates every result anew. Where the C library hands freed memory back to the system, each run pays for new
    // pages, or not, as chance has it (depthwise: 0.4 or 3.5 ms); kept memory shows the computation, and PyTorch at its best.
    private static void KeepFreedMemory()
    {
        const int TrimThreshold = -1;
        const int MostMappings = -4;
        _ = SetAllocatorOption(MostMappings, 0);
        _ = SetAllocatorOption(TrimThreshold, int.MaxValue);
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocatorOption(int option, int value);

    private static void NeedWeakly(string path)
    {
        var written = File.GetLastWriteTimeUtc(path);
        var file = File.ReadAllBytes(path);
        MarkWeak(file);
        var temporary = path + ".patched";
        File.WriteAllBytes(temporary, file);
        // The build copies a file again when its time has changed: keep it, so that this is done once.
        File.SetLastWriteTimeUtc(temporary, written);
        File.Move(temporary, path, overwrite: true);
    }

    // ELF64, little-endian: section headers of 64 bytes at the offset that stands at 0x28; the dynamic symbols (type 11,
    // 24 bytes each, binding in the high half of byte 4, name in the linked string table) and the needed versions.
    private static void MarkWeak(byte[] file)
    {
        const int DynamicSymbols = 11;
        const int NeededVersions = 0x6ffffffe;
        const int Weak = 2;
        if (!file.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8)) throw new InvalidDataException("libLibTorchSharp.so is not a 64-bit ELF file.");
        var headers = (int)Word64(file, 0x28);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(0x3c));
        for (var section = 0; section < count; section++)
        {
            var header = headers + (section * 64);
            var offset = (int)Word64(file, header + 24);
            var length = (int)Word64(file, header + 32);
            var names = (int)Word64(file, headers + ((int)Word32(file, header + 40) * 64) + 24);
            switch ((int)Word32(file, header + 4))
            {
                case DynamicSymbols:
                    for (var symbol = offset; symbol < offset + length; symbol += 24)
                    {
                        if (IsAt(file, names + (int)Word32(file, symbol), Symbol)) file[symbol + 4] = (byte)((Weak << 4) | (file[symbol + 4] & 15));
                    }

                    break;
                case NeededVersions:
                    MarkVersionWeak(file, offset, names);
                    break;
            }
        }
    }

    // A list of libraries (count at 2, first version at 8, next library at 12), each with a list of versions (flags at 4,
    // name at 8, next at 12); all distances in bytes, 0 at the end.
    private static void MarkVersionWeak(byte[] file, int library, int names)
    {
        const byte WeakFlag = 2;
        while (true)
        {
            var version = library + (int)Word32(file, library + 8);
            for (var left = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(library + 2)); left > 0; left--)
            {
                if (IsAt(file, names + (int)Word32(file, version + 8), SymbolVersion)) file[version + 4] |= WeakFlag;
                version += (int)Word32(file, version + 12);
            }

            var next = (int)Word32(file, library + 12);
            if (next == 0) return;
            library += next;
        }
    }

    private static bool IsAt(byte[] file, int offset, string text) =>
        file.AsSpan(offset).StartsWith(Encoding.ASCII.GetBytes(text + '\0'));

    private static uint Word32(byte[] file, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(offset));

    private static ulong Word64(byte[] file, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(offset));
}
