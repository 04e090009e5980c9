namespace Tessera.Fuzz;

/// <summary>
/// A reader of files that may be hostile, and what it may do with any bytes at all: succeed or throw <see cref="InvalidDataException"/>,
/// and allocate no more than a multiple of the bytes and a constant. Whether it ends is for whoever runs it to watch.
/// </summary>
/// <param name="Name">What the command line and the corpus' folder call it.</param>
/// <param name="MultipleOfSize">Bytes that may be allocated for each byte of the file, all together, freed or not.</param>
/// <param name="Constant">Bytes that may be allocated for any file.</param>
/// <param name="Read">Reads.</param>
internal sealed record HostileReader(string Name, long MultipleOfSize, long Constant, Action<byte[]> Read)
{
    public override string ToString() => Name;

    /// <summary>Reads, and throws where the reader does what it may not.</summary>
    /// <returns>Whether the bytes were accepted, what was said where they were not, and the bytes allocated.</returns>
    /// <exception cref="InvalidOperationException">It threw something else, or allocated too much.</exception>
    public (bool IsAccepted, string Refusal, long Allocated) Check(byte[] bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        string? refusal = null;
        try
        {
            Read(bytes);
        }
        catch (InvalidDataException exception)
        {
            refusal = exception.Message;
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{Name}: {exception.GetType().Name} where InvalidDataException is due: {exception.Message}", exception);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var most = (MultipleOfSize * bytes.Length) + Constant;
        if (allocated > most) throw new InvalidOperationException($"{Name}: {allocated} bytes were allocated for a file of {bytes.Length}; at most {most} may be ({MultipleOfSize} · size + {Constant}).");
        return (refusal is null, refusal ?? "", allocated);
    }
}
