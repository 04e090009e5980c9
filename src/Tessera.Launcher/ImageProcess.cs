using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tessera.Launcher;

/// <summary>Unpacks a program into memory that has the form of a file, and becomes it: the same process, number, streams and folder. Nothing is left on the disk.</summary>
internal static unsafe partial class ImageProcess
{
    private const uint CloseOnExecute = 1;
    private const int ReadAndWrite = 3;
    private const int SharedMapping = 1;

    /// <summary>Does not come back; what it gives is why it had to.</summary>
    /// <param name="file">Where the image lies.</param>
    /// <param name="image">The image.</param>
    /// <param name="arguments">The program's arguments, the path that it was called by first.</param>
    public static string Become(SafeFileHandle file, PackedImage image, IReadOnlyList<string> arguments)
    {
        var memory = MemoryFile("tessera", CloseOnExecute);
        if (memory < 0) return Failure("no file can be made in memory");
        var length = image.Length;
        if (SetLength(memory, length) != 0) return Failure($"{length} bytes of memory cannot be had");
        var at = Map(null, (nuint)length, ReadAndWrite, SharedMapping, memory, 0);
        if (at == (void*)-1) return Failure("the file in memory cannot be written");
        Unpack(file, image, (byte*)at);
        _ = Unmap(at, (nuint)length);

        var pointers = stackalloc byte*[arguments.Count + 1];
        for (var i = 0; i < arguments.Count; i++) pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(arguments[i]);
        pointers[arguments.Count] = null;
        _ = Execute($"/proc/self/fd/{memory}", pointers);
        return Failure("the file in memory cannot be run");
    }

    private static void Unpack(SafeFileHandle file, PackedImage image, byte* to)
    {
        var offsets = new long[image.Blocks.Count];
        for (var i = 1; i < offsets.Length; i++) offsets[i] = offsets[i - 1] + image.Blocks[i - 1].Length;
        var next = -1;
        var threads = new Thread[Math.Min(4, Environment.ProcessorCount) - 1];
        for (var i = 0; i < threads.Length; i++) (threads[i] = new Thread(Work)).Start();
        Work();
        foreach (var thread in threads) thread.Join();

        void Work()
        {
            for (int i; (i = Interlocked.Increment(ref next)) < offsets.Length;)
                ImageBundle.Unpack(file, image.Blocks[i], new Span<byte>(to + offsets[i], image.Blocks[i].Length));
        }
    }

    private static string Failure(string what) =>
        $"tessera cannot start: {what} (error {Marshal.GetLastPInvokeError()}). Use the tool for .NET instead (dotnet tool install), or publish src/Tessera.Cli for this processor alone.";

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int SetLength(int file, long length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* at, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* at, nuint length);

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Execute(string path, byte** arguments);
}
