namespace Tessera.Tests;

/// <summary>A folder of its own for one test, gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("tessera-").FullName;

    public string this[string name] => Path.Combine(path, name);

    public string Write(string name, params byte[][] parts)
    {
        File.WriteAllBytes(this[name], parts.SelectMany(part => part).ToArray());
        return this[name];
    }

    public IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName).Order(StringComparer.Ordinal)!;

    public override string ToString() => path;

    public void Dispose() => Directory.Delete(path, recursive: true);
}
