using System.Runtime.CompilerServices;

namespace Tessera.Fuzz;

/// <summary>The files kept for a reader in fuzz/corpus: each reaches something in it that no other does.</summary>
internal static class Corpus
{
    public static IReadOnlyList<byte[]> Of(HostileReader reader) =>
        [.. Directory.EnumerateFiles(Path.Combine(Root(), reader.Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>Reads every file of the corpus, and mutations of them, as a reader may be read.</summary>
    /// <exception cref="InvalidOperationException">The reader did what it may not; the message has the bytes.</exception>
    public static void Check(HostileReader reader, int mutations, Func<IReadOnlyList<byte[]>, int, RandomSource, byte[]> mutate)
    {
        var files = Of(reader);
        if (files.Count == 0) throw new InvalidOperationException($"{reader.Name}: there is no corpus.");
        foreach (var file in files) Check(reader, file);
        for (var index = 0; index < mutations; index++)
        {
            var random = new RandomSource(20, index);
            Check(reader, mutate(files, random.NextInt(files.Count), random));
        }
    }

    private static void Check(HostileReader reader, byte[] bytes)
    {
        try
        {
            reader.Check(bytes);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"{exception.Message}\nThe file, as base64: {Convert.ToBase64String(bytes)}", exception);
        }
    }

    private static string Root([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(here))!, "corpus");
}
