using Tessera.Data;
using Tessera.Files;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Fuzz;

/// <summary>The readers of the library itself.</summary>
internal static class CoreReaders
{
    /// <summary>An array's header alone may be followed by nothing: 64 KiB of header and as much again for its text.</summary>
    private const long Small = 1L << 20;

    /// <summary>What a compressed file may unpack to whatever its size, doubled while it grows, and its copies.</summary>
    private const long Unpacked = 256L << 20;

    /// <summary>What the tables of channels take that a file may ask for in a few words, half a million pairs together.</summary>
    private const long Tables = 64L << 20;

    public static IReadOnlyList<HostileReader> All { get; } =
    [
        new("npy", 16, Small, static bytes =>
        {
            using var stream = new MemoryStream(bytes);
            Touch(NpyFile.Read(stream, "hostile"));
        }),
        new("npz", 256, Unpacked, static bytes => OnDisk(bytes, static path =>
        {
            foreach (var name in NpzFile.Names(path).Take(4))
            {
                if (name.Length > 0) Touch(NpzFile.Read(path, name));
            }
        })),
        new("idx", 256, Unpacked, static bytes =>
        {
            using var stream = new MemoryStream(bytes);
            IdxReader.Read(stream, "hostile");
        }),
        new("safetensors", 64, Small, static bytes => OnDisk(bytes, static path =>
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var entry in file.Entries)
            {
                // As many numbers as the header's bytes stand behind; whole numbers cannot be asked of floats.
                file.Read<double>(entry.Name, new double[entry.Count]);
            }
        })),
        new("checkpoint", 1024, Tables, static bytes => OnDisk(bytes, static path =>
        {
            var checkpoint = Checkpoint.Open(path);
            checkpoint.ReadParameters<float>();
        })),
        new("model", 1024, Tables, static bytes => OnDisk(bytes, static path => ModelJson.Read(path))),
        new("reconstruction", 1024, Tables, static bytes => OnDisk(bytes, static path => ReconstructionJson.Read(path))),
        new("reconstruction-checkpoint", 1024, Tables, static bytes => OnDisk(bytes, static path => ReconstructionCheckpoint.Open(path))),
    ];

    private static void Touch(NpyArray array) => array.ToArray<double>();

    /// <summary>Readers of paths get a file of their own.</summary>
    private static void OnDisk(byte[] bytes, Action<string> read)
    {
        var path = Path.Combine(Path.GetTempPath(), $"hostile-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}");
        try
        {
            File.WriteAllBytes(path, bytes);
            read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
