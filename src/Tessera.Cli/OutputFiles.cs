namespace Tessera.Cli;

/// <summary>Finds out before any work whether what it makes can be written.</summary>
internal static class OutputFiles
{
    /// <summary>Checks that a file at <paramref name="path"/> could be written or replaced.</summary>
    /// <exception cref="IOException">It could not; the message says why and what to do.</exception>
    public static void Check(string path, string option)
    {
        if (path.Length == 0) throw new UsageException($"{option} is empty; give the file to write.");
        var full = Path.GetFullPath(path);
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(path)) throw new IOException($"{option} {path}: it is a folder; give a file name in it.");
        var folder = Path.GetDirectoryName(full)!;
        if (!Directory.Exists(folder)) throw new IOException($"{option} {path}: the folder {folder} does not exist; make it first (mkdir -p).");
        CheckFolder(folder, $"{option} {path}");
    }

    /// <summary>Checks that files can be made in an existing folder.</summary>
    /// <exception cref="IOException">They cannot; the message begins with <paramref name="what"/>.</exception>
    public static void CheckFolder(string folder, string what)
    {
        var probe = Path.Combine(folder, $".tessera-{Guid.NewGuid():N}.tmp");
        try
        {
            // A byte, because a full disk still takes names.
            using var stream = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            stream.WriteByte(0);
            stream.Flush(flushToDisk: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Delete(probe);
            throw new IOException($"{what}: nothing can be written in {folder} ({exception.Message}); choose another place or make room there.", exception);
        }
    }
}
