
namespace Tessera.Data;

/// <summary>
/// Reads a folder of images and labels in IDX files named as MNIST's are: <c>train-images-idx3-ubyte</c>, <c>train-labels-idx1-ubyte</c>
/// and the same with <c>t10k</c> for the test; also with a dot for the hyphen before <c>idx</c>, and gzipped.
/// </summary>
public static class MnistFolder
{
    /// <summary>Whether <paramref name="folder"/> holds such files.</summary>
    public static bool Recognises(string folder) => Find(folder, "train-images", 3) is not null;

    /// <summary>Reads the folder: grey images of [1, H, W].</summary>
    /// <exception cref="InvalidDataException">A file is damaged, or images and labels do not belong together.</exception>
    /// <exception cref="FileNotFoundException">The training images, or labels for images, are not there.</exception>
    public static DataSplit Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var (images, labels) = (Path(folder, "train-images", 3), Path(folder, "train-labels", 1));
        var hasTest = Find(folder, "t10k-images", 3) is not null;
        using var imageStream = File.OpenRead(images);
        using var labelStream = File.OpenRead(labels);
        if (!hasTest) return Read((imageStream, images), (labelStream, labels), null, null);

        var (testImages, testLabels) = (Path(folder, "t10k-images", 3), Path(folder, "t10k-labels", 1));
        using var testImageStream = File.OpenRead(testImages);
        using var testLabelStream = File.OpenRead(testLabels);
        return Read((imageStream, images), (labelStream, labels), (testImageStream, testImages), (testLabelStream, testLabels));
    }

    /// <summary>Reads images and labels from streams (plain or gzipped IDX, seekable), each with a name for messages.</summary>
    /// <param name="images">Training images, [count, H, W].</param>
    /// <param name="labels">Training labels, [count].</param>
    /// <param name="testImages">Test images, if there are any.</param>
    /// <param name="testLabels">Test labels, if there are test images.</param>
    /// <exception cref="InvalidDataException">The content is damaged, or images and labels do not belong together.</exception>
    public static DataSplit Read(
        (Stream Stream, string Name) images, (Stream Stream, string Name) labels, (Stream Stream, string Name)? testImages, (Stream Stream, string Name)? testLabels)
    {
        var training = ReadPart(images, labels);
        if (testImages is null || testLabels is null) return new DataSplit(Make(training, ClassesOf(training.Labels)), null);

        var test = ReadPart(testImages.Value, testLabels.Value);
        if (test.Shape != training.Shape)
            throw new InvalidDataException($"{testImages.Value.Name}: test images of {test.Shape} do not go with training images of {training.Shape}.");
        var classes = Math.Max(ClassesOf(training.Labels), ClassesOf(test.Labels));
        return new DataSplit(Make(training, classes), Make(test, classes));
    }

    private static (Sizes Shape, byte[] Values, int[] Labels) ReadPart((Stream Stream, string Name) images, (Stream Stream, string Name) labels)
    {
        var (shape, values) = IdxReader.Read(images.Stream, images.Name);
        var (labelShape, labelValues) = IdxReader.Read(labels.Stream, labels.Name);
        if (shape.Count != 3 || shape.Contains(0))
            throw new InvalidDataException($"{images.Name}: images need three axes (count, height, width), none of them 0, but these are {shape}.");
        if (labelShape.Count != 1 || labelShape[0] != shape[0])
            throw new InvalidDataException($"{labels.Name}: labels of shape {labelShape} do not go with {shape[0]} images of {shape[1]}×{shape[2]}.");
        return ([1, shape[1], shape[2]], values, Array.ConvertAll(labelValues, label => (int)label));
    }

    private static int ClassesOf(int[] labels) => labels.Max() + 1;

    private static Dataset Make((Sizes Shape, byte[] Values, int[] Labels) part, int classes) =>
        Dataset.Create(part.Values, part.Shape, part.Labels, Dataset.NumberedClasses(classes));

    private static string? Find(string folder, string stem, int axes) =>
        ((string[])[$"{stem}-idx{axes}-ubyte", $"{stem}.idx{axes}-ubyte"])
            .SelectMany(name => (string[])[name, name + ".gz"])
            .Select(name => System.IO.Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    private static string Path(string folder, string stem, int axes) =>
        Find(folder, stem, axes) ?? throw new FileNotFoundException($"{folder}: there is no {stem}-idx{axes}-ubyte, plain or with .gz.");
}
