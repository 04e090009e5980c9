using Tessera.Data;

namespace Tessera.Cli.Data;

/// <summary>The 12,000 images of MNIST that the tool carries within it: 1,000 of each digit to train, 200 of each to test. SOURCE.md beside this file says whence.</summary>
internal static class MnistSubset
{
    /// <summary>The name by which the tool's options know it.</summary>
    public const string Name = "mnist-subset";

    /// <summary>Reads the images, grey [1, 28, 28], and labels.</summary>
    public static DataSplit Read()
    {
        using var images = Open("train-images-idx3-ubyte.gz");
        using var labels = Open("train-labels-idx1-ubyte.gz");
        using var testImages = Open("t10k-images-idx3-ubyte.gz");
        using var testLabels = Open("t10k-labels-idx1-ubyte.gz");
        return MnistFolder.Read((images, "train images"), (labels, "train labels"), (testImages, "test images"), (testLabels, "test labels"));
    }

    private static Stream Open(string name) =>
        typeof(MnistSubset).Assembly.GetManifestResourceStream("mnist/" + name) ?? throw new InvalidOperationException($"The tool was built without {name}.");
}
