namespace Tessera.Data;

/// <summary>
/// Reads CIFAR-10 in its binary version (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009):
/// <c>data_batch_1.bin</c> and so on, <c>test_batch.bin</c>, and the names in <c>batches.meta.txt</c>. A record is a label and 3×32×32 bytes.
/// </summary>
public static class Cifar10Folder
{
    private const int ImageBytes = 3 * 32 * 32;
    private const int Classes = 10;

    /// <summary>Whether <paramref name="folder"/> holds such files.</summary>
    public static bool Recognises(string folder) => File.Exists(Path.Combine(folder, "data_batch_1.bin"));

    /// <summary>Reads the folder: colour images of [3, 32, 32].</summary>
    /// <exception cref="InvalidDataException">A file is not a whole number of records, or a label is not 0 to 9.</exception>
    /// <exception cref="FileNotFoundException">There is no training file.</exception>
    public static DataSplit Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var files = Enumerable.Range(1, 99).Select(number => Path.Combine(folder, FormattableString.Invariant($"data_batch_{number}.bin"))).TakeWhile(File.Exists).ToArray();
        if (files.Length == 0) throw new FileNotFoundException($"{folder}: there is no data_batch_1.bin.");
        var names = ReadNames(Path.Combine(folder, "batches.meta.txt"));
        var test = Path.Combine(folder, "test_batch.bin");
        return new DataSplit(ReadFiles(files, names), File.Exists(test) ? ReadFiles([test], names) : null);
    }

    private static Dataset ReadFiles(string[] files, IReadOnlyList<string> names)
    {
        long total = 0;
        foreach (var file in files)
        {
            var length = new FileInfo(file).Length;
            if (length == 0 || length % (ImageBytes + 1) != 0)
                throw new InvalidDataException($"{file}: {length} bytes are not a whole number of records of {ImageBytes + 1}; the file is cut off or not CIFAR-10 in binary.");
            total += length;
        }

        var count = total / (ImageBytes + 1);
        if (count * ImageBytes > Array.MaxLength) throw new InvalidDataException($"{files[0]}: {count} images are more than fit in one array.");
        var samples = new byte[count * ImageBytes];
        var labels = new int[count];
        var index = 0;
        foreach (var file in files)
        {
            using var stream = File.OpenRead(file);
            for (var record = 0L; record < new FileInfo(file).Length / (ImageBytes + 1); record++, index++)
            {
                labels[index] = stream.ReadByte();
                if (labels[index] is < 0 or >= Classes) throw new InvalidDataException($"{file}: record {record} has the label {labels[index]}, which is not 0 to 9.");
                stream.ReadExactly(samples, index * ImageBytes, ImageBytes);
            }
        }

        return Dataset.Create(samples, [3, 32, 32], labels, names);
    }

    private static IReadOnlyList<string> ReadNames(string path)
    {
        if (!File.Exists(path)) return Dataset.NumberedClasses(Classes);
        if (new FileInfo(path).Length > 10_000) throw new InvalidDataException($"{path}: too long for ten class names.");
        var names = File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).ToArray();
        return names.Length == Classes ? names : throw new InvalidDataException($"{path}: {names.Length} class names, but {Classes} are needed.");
    }
}
