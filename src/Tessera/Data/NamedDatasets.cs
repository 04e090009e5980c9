namespace Tessera.Data;

/// <summary>
/// Datasets by name: folders of that name under the roots in the environment variable <c>TESSERA_DATA</c> (one or several, separated as
/// in PATH) and under <c>/usr/share/datasets</c>, where Debian's packages put them.
/// </summary>
public static class NamedDatasets
{
    private const string SystemRoot = "/usr/share/datasets";

    private static readonly string[] FashionClasses =
        ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

    /// <summary>The names under which datasets of a known kind stand ready, each with its folder.</summary>
    public static IReadOnlyList<(string Name, string Folder)> Available()
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in Roots().Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories))
        {
            if (MnistFolder.Recognises(folder) || Cifar10Folder.Recognises(folder) || NumpyDataset.Recognises(folder)) found.TryAdd(Path.GetFileName(folder), folder);
        }

        return [.. found.Select(pair => (pair.Key, pair.Value))];
    }

    /// <summary>The folder of the dataset called <paramref name="name"/>.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder under any root; the message says how to get it.</exception>
    public static string Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var roots = Roots().ToArray();
        if (IsName(name) && roots.Select(root => Path.Combine(root, name)).FirstOrDefault(Directory.Exists) is { } folder) return folder;
        var how = name == "fashion-mnist"
            ? "get it with 'apt-get install dataset-fashion-mnist', or put its four files"
            : "give the path of a folder or .npz file, or put the data";
        throw new DirectoryNotFoundException(
            $"The dataset '{name}' is not in {string.Join(" or ", roots)}; {how} into a folder '{name}' in one that the environment variable TESSERA_DATA names.");
    }

    /// <summary>Reads a dataset by its path (where there is such a file or folder) or its name.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such path and no such name.</exception>
    /// <exception cref="InvalidDataException">The data is damaged, or of no kind that is known.</exception>
    public static DataSplit Read(string nameOrPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        var path = Directory.Exists(nameOrPath) || File.Exists(nameOrPath) ? nameOrPath : Find(nameOrPath);
        if (MnistFolder.Recognises(path)) return Name(MnistFolder.Read(path), path);
        if (Cifar10Folder.Recognises(path)) return Cifar10Folder.Read(path);
        if (NumpyDataset.Recognises(path)) return NumpyDataset.Read(path);
        throw new InvalidDataException(
            $"{path}: no known kind of data: neither MNIST's files (train-images-idx3-ubyte …), nor CIFAR-10's (data_batch_1.bin …), nor NumPy's (x.npy and y.npy, train.npz, or a .npz with x and y).");
    }

    private static DataSplit Name(DataSplit data, string path) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) == "fashion-mnist" && data.Training.ClassCount == FashionClasses.Length
            ? new DataSplit(data.Training.WithClassNames(FashionClasses), data.Test?.WithClassNames(FashionClasses))
            : data;

    private static IEnumerable<string> Roots() =>
        (Environment.GetEnvironmentVariable("TESSERA_DATA") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append(SystemRoot);

    private static bool IsName(string name) => name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\\') < 0;
}
