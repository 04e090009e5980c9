namespace Tessera.Files;

/// <summary>
/// Writes a file so that a crash at any instant leaves either the old file or the new one whole: the bytes go to a temporary file in
/// the same folder, are flushed to the disk, and the temporary file is renamed over the old one.
/// </summary>
public static class AtomicFile
{
    /// <summary>Replaces the file at <paramref name="path"/> by what <paramref name="write"/> writes, or leaves it as it was if that throws.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the whole content to a seekable stream.</param>
    /// <exception cref="IOException">The folder does not exist, the path is a folder, or the disk is full; the old file stands.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var pending = new PendingFile(path);
        write(pending.Stream);
        pending.Commit();
    }
}
