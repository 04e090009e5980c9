using Tessera.Files;

namespace Tessera.Data;

/// <summary>
/// Reads datasets from NumPy files: arrays <c>x</c> and <c>y</c>, or <c>x_train</c>, <c>y_train</c> and, where there are any,
/// <c>x_test</c>, <c>y_test</c>; as one .npz, as <c>train.npz</c> and <c>test.npz</c> in a folder, or as .npy files in a folder.
/// x is [count, C, spatial…] (bytes stand for 0 to 1, other numbers for themselves). y is [count] or [count, 1] of whole numbers for
/// labels, or floats [count, …] for targets.
/// </summary>
public static class NumpyDataset
{
    /// <summary>More labels than this are taken for a mistake, not for classes.</summary>
    private const int MostClasses = 65_536;

    /// <summary>Whether <paramref name="path"/> is such a file or folder.</summary>
    public static bool Recognises(string path) =>
        Directory.Exists(path)
            ? ((string[])["train.npz", "x_train.npy", "x.npy"]).Any(name => File.Exists(Path.Combine(path, name)))
            : path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) && File.Exists(path);

    /// <summary>Reads the file or folder at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidDataException">An array is missing or damaged, or the arrays do not belong together.</exception>
    public static DataSplit Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path)) return ReadArrays(path, NpzFile.Names(path), name => NpzFile.Read(path, name));

        var train = Path.Combine(path, "train.npz");
        if (File.Exists(train))
        {
            var test = Path.Combine(path, "test.npz");
            var training = Pair(train, "x", "y", name => NpzFile.Read(train, name));
            return Make(training, File.Exists(test) ? Pair(test, "x", "y", name => NpzFile.Read(test, name)) : null);
        }

        var names = Directory.EnumerateFiles(path, "*.npy").Select(file => Path.GetFileNameWithoutExtension(file)).ToArray();
        return ReadArrays(path, names, name => NpyFile.Read(Path.Combine(path, name + ".npy")));
    }

    private static DataSplit ReadArrays(string path, IReadOnlyList<string> names, Func<string, NpyArray> read)
    {
        if (names.Contains("x_train"))
            return Make(Pair(path, "x_train", "y_train", read), names.Contains("x_test") ? Pair(path, "x_test", "y_test", read) : null);
        if (names.Contains("x") && names.Contains("y")) return Make(Pair(path, "x", "y", read), null);
        throw new InvalidDataException($"{path}: arrays x and y, or x_train and y_train, are needed; there are: {string.Join(", ", names.Take(20))}.");
    }

    private static Part Pair(string path, string inputs, string outputs, Func<string, NpyArray> read)
    {
        var (x, y) = (read(inputs), read(outputs));
        if (x.Shape.Count < 2 || x.Count == 0)
            throw new InvalidDataException($"{path}: {inputs} has shape {x.Shape}, but [count, C, spatial…] with at least one sample is needed.");
        if (y.Shape.Count == 0 || y.Shape[0] != x.Shape[0] || y.Count == 0)
            throw new InvalidDataException($"{path}: {outputs} of shape {y.Shape} does not go with {inputs} of shape {x.Shape}; the first sizes must be equal.");
        if (!y.Type.IsInteger()) return new Part(path, x, y, null);

        if (y.Count != y.Shape[0])
            throw new InvalidDataException($"{path}: {outputs} are whole numbers of shape {y.Shape}; labels are one number a sample, targets are floats.");
        var labels = y.ToArray<int>();
        var (least, most) = (labels.Min(), labels.Max());
        if (least < 0 || most >= MostClasses)
            throw new InvalidDataException($"{path}: labels in {outputs} reach from {least} to {most}; 0 to {MostClasses - 1} are classes; store targets of a regression as floats.");
        return new Part(path, x, y, labels);
    }

    private static DataSplit Make(Part training, Part? test)
    {
        if (test is not null && (test.X.Shape.From(1) != training.X.Shape.From(1) || (test.Labels is null) != (training.Labels is null)
            || (test.Labels is null && test.Y.Shape.From(1) != training.Y.Shape.From(1))))
        {
            throw new InvalidDataException(
                $"{test.Path}: test arrays of {test.X.Shape} and {test.Y.Shape} ({test.Y.Type}) do not go with training arrays of {training.X.Shape} and {training.Y.Shape} ({training.Y.Type}).");
        }

        var classes = Math.Max(training.Labels?.Max() ?? -1, test?.Labels?.Max() ?? -1) + 1;
        return new DataSplit(ToDataset(training, classes), test is null ? null : ToDataset(test, classes));
    }

    private static Dataset ToDataset(Part part, int classes)
    {
        var shape = part.X.Shape.From(1);
        try
        {
            if (part.Labels is null)
            {
                var samples = part.X.ToArray<float>();
                if (part.X.Type == ElementType.UInt8) System.Numerics.Tensors.TensorPrimitives.Divide(samples, 255f, samples);
                var targetShape = part.Y.Shape.Count == 1 ? [1] : part.Y.Shape.From(1);
                return Dataset.Create(samples, shape, part.Y.ToArray<float>(), targetShape);
            }

            var names = Dataset.NumberedClasses(classes);
            return part.X.Type == ElementType.UInt8
                ? Dataset.Create(part.X.ToArray<byte>(), shape, part.Labels, names)
                : Dataset.Create(part.X.ToArray<float>(), shape, part.Labels, names);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{part.Path}: {exception.Message}", exception);
        }
    }

    private sealed record Part(string Path, NpyArray X, NpyArray Y, int[]? Labels);
}
