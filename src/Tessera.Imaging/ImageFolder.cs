using Tessera.Data;

namespace Tessera.Imaging;

/// <summary>
/// Reads folders of PNG and JPEG files, one folder a class: <c>root/class/image.png</c>. Classes and files are taken in the order of their
/// names' code points. With <c>root/train/class/…</c> (and <c>root/test/class/…</c>) there are samples to test with too.
/// </summary>
public static class ImageFolder
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg"];

    /// <summary>Whether <paramref name="root"/> is such a folder.</summary>
    public static bool Recognises(string root) => Directory.Exists(root) && (HasClasses(root) || HasClasses(Path.Combine(root, "train")));

    /// <summary>Reads the folder <paramref name="root"/>; all images must have one size, or are brought to one.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="size">Height and width to bring all images to; without it they stay as they are.</param>
    /// <param name="colour">The channels; without it grey where all training images are grey, and colour otherwise.</param>
    /// <exception cref="InvalidDataException">An image is damaged or of another size than the first, or a class has no images.</exception>
    public static DataSplit Read(string root, Sizes? size = null, ImageColour? colour = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        if (size is { } wanted && (wanted.Count != 2 || wanted.Any(pixels => pixels < 1)))
            throw new ArgumentException($"A size of {wanted} is no height and width of at least 1.", nameof(size));

        var train = Path.Combine(root, "train");
        var split = !HasClasses(root) && HasClasses(train);
        var folder = split ? train : root;
        var classes = Classes(folder);
        if (classes.Count == 0) throw new InvalidDataException($"{root}: no class folders with PNG or JPEG files in them.");
        var files = List(folder, classes);
        var channels = colour ?? (files.All(file => ImageFile.ReadShape(file.Path)[0] == 1) ? ImageColour.Grey : ImageColour.Colour);
        var training = Load(files, classes, size, channels, null);

        var test = Path.Combine(root, "test");
        if (!split || !HasClasses(test)) return new DataSplit(training, null);
        if (Classes(test).Except(classes).FirstOrDefault() is { } unknown)
            throw new InvalidDataException($"{Path.Combine(test, unknown)}: a class that {train} does not have; the classes there are {string.Join(", ", classes)}.");
        var testFiles = List(test, classes.FindAll(name => Directory.Exists(Path.Combine(test, name))))
            .ConvertAll(file => file with { Label = IndexOf(classes, Path.GetFileName(Path.GetDirectoryName(file.Path)!)) });
        return new DataSplit(training, Load(testFiles, classes, size, channels, (files[0].Path, training.SampleShape)));
    }

    private static Dataset Load(
        List<LabelledFile> files, IReadOnlyList<string> classes, Sizes? size, ImageColour colour, (string Path, Sizes Shape)? like)
    {
        byte[] samples = [];
        var labels = new int[files.Count];
        for (var index = 0; index < files.Count; index++)
        {
            var image = ImageFile.Read(files[index].Path, colour);
            if (size is { } wanted) image = ImageResize.Resize(image, wanted[0], wanted[1]);
            like ??= (files[0].Path, image.Shape);
            if (image.Shape != like.Value.Shape)
            {
                throw new InvalidDataException(
                    $"{files[index].Path}: {image.Height}×{image.Width} pixels, but {like.Value.Path} has {like.Value.Shape[1]}×{like.Value.Shape[2]}; all must have one size: give a height and width to bring them to.");
            }

            if (index == 0)
            {
                if (image.Pixels.LongLength * files.Count > Array.MaxLength)
                    throw new InvalidDataException($"{files[0].Path}: {files.Count} images of {image.Shape} are more than fit in one array; give a smaller height and width to bring them to.");
                samples = GC.AllocateUninitializedArray<byte>(image.Pixels.Length * files.Count);
            }

            image.Pixels.CopyTo(samples, index * image.Pixels.Length);
            labels[index] = files[index].Label;
        }

        return Dataset.Create(samples, like!.Value.Shape, labels, classes);
    }

    private static List<LabelledFile> List(string folder, List<string> classes)
    {
        var files = new List<LabelledFile>();
        for (var label = 0; label < classes.Count; label++)
        {
            var before = files.Count;
            files.AddRange(Images(Path.Combine(folder, classes[label])).Order(StringComparer.Ordinal).Select(path => new LabelledFile(path, label)));
            if (files.Count == before) throw new InvalidDataException($"{Path.Combine(folder, classes[label])}: no PNG or JPEG files in this class.");
        }

        return files;
    }

    private static bool HasClasses(string folder) => Directory.Exists(folder) && Directory.EnumerateDirectories(folder).Any(name => Images(name).Any());

    /// <summary>The folders inside, hidden ones aside.</summary>
    private static List<string> Classes(string folder) =>
        [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Where(name => name[0] != '.').Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Images(string folder) =>
        Directory.EnumerateFiles(folder).Where(path => Path.GetFileName(path)[0] != '.' && Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase));

    private static int IndexOf(List<string> classes, string name) => classes.FindIndex(other => other == name);

    private sealed record LabelledFile(string Path, int Label);
}
