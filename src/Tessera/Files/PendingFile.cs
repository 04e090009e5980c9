using System.Runtime.InteropServices;

namespace Tessera.Files;

/// <summary>The temporary file of an <see cref="AtomicFile"/>: takes the target's name when committed, vanishes when only disposed of.</summary>
internal sealed partial class PendingFile : IDisposable
{
    private readonly string target;
    private readonly string folder;
    private readonly string temporary;
    private readonly FileStream stream;
    private bool committed;

    public PendingFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        target = Path.GetFullPath(path);
        if (Path.EndsInDirectorySeparator(path) || Directory.Exists(target))
            throw new IOException($"'{path}' is a folder; a file name is needed.");
        folder = Path.GetDirectoryName(target)!;
        temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.tmp");
        stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Where to write; seekable.</summary>
    public Stream Stream => stream;

    /// <summary>Brings the bytes to the disk and the new file to its name.</summary>
    public void Commit()
    {
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        File.Move(temporary, target, overwrite: true);
        committed = true;
        FlushFolder(folder);
    }

    public void Dispose()
    {
        if (committed) return;
        try
        {
            stream.Dispose();
        }
        catch (IOException)
        {
            // A full disk fails the last flush once more; the file goes away all the same.
        }

        File.Delete(temporary);
    }

    /// <summary>
    /// Brings the rename itself to the disk. .NET opens no folders, so this asks the C library; where that is not to be had the rename
    /// is still atomic, only later.
    /// </summary>
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return;
        try
        {
            const int readOnly = 0;
            var descriptor = OpenDescriptor(folder, readOnly);
            if (descriptor < 0) return;
            _ = FlushDescriptor(descriptor);
            _ = CloseDescriptor(descriptor);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FlushDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CloseDescriptor(int descriptor);
}
