using Tessera.Tests;
using Xunit;

namespace Tessera.Imaging.Tests;

public class ImageFolderTests
{
    [Fact]
    public void Classes_and_files_are_in_the_order_of_their_names()
    {
        using var folder = Make(("b/2.png", 2, 2, 20), ("b/10.PNG", 2, 2, 10), ("a/x.png", 2, 2, 30), ("B/1.png", 2, 2, 40));
        File.WriteAllText(folder["a/notes.txt"], "not an image");
        Assert.True(ImageFolder.Recognises(folder.ToString()));
        var data = ImageFolder.Read(folder.ToString()).Training;
        Assert.Equal(["B", "a", "b"], data.ClassNames);
        Assert.Equal([0, 1, 2, 2], Enumerable.Range(0, 4).Select(data.Label));
        Assert.Equal([1, 2, 2], data.SampleShape);
        Assert.Equal([40, 30, 10, 20], Enumerable.Range(0, 4).Select(i =>
        {
            var sample = new float[4];
            data.Read(i, sample);
            return (int)MathF.Round(sample[3] * 255);
        }));
        Assert.Equal([3, 2, 2], ImageFolder.Read(folder.ToString(), colour: ImageColour.Colour).Training.SampleShape);
    }

    [Fact]
    public void Images_of_different_sizes_are_an_error_unless_brought_to_one()
    {
        using var folder = Make(("a/1.png", 4, 4, 1), ("b/2.png", 4, 6, 2));
        var error = Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder.ToString()));
        Assert.Equal(
            $"{folder["b/2.png"]}: 4×6 pixels, but {folder["a/1.png"]} has 4×4; all must have one size: give a height and width to bring them to.", error.Message);
        Assert.Equal([1, 3, 5], ImageFolder.Read(folder.ToString(), [3, 5]).Training.SampleShape);
        Assert.Throws<ArgumentException>(() => ImageFolder.Read(folder.ToString(), [3]));
        Assert.Throws<ArgumentException>(() => ImageFolder.Read(folder.ToString(), [0, 3]));
    }

    [Fact]
    public void Train_and_test_folders_share_the_classes_of_train()
    {
        using var folder = Make(("train/a/1.png", 2, 2, 1), ("train/b/1.png", 2, 2, 2), ("train/c/1.png", 2, 2, 3), ("test/c/1.png", 2, 2, 4));
        var data = ImageFolder.Read(folder.ToString());
        Assert.Equal((3, 1, 2), (data.Training.Count, data.Test!.Count, data.Test.Label(0)));
        Assert.Equal(["a", "b", "c"], data.Test.ClassNames);

        Directory.CreateDirectory(folder["test/d"]);
        Assert.Contains("a class that", Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder.ToString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_image_an_empty_class_and_an_empty_folder_are_errors_that_name_it()
    {
        using var folder = Make(("a/1.png", 2, 2, 1), ("b/2.png", 2, 2, 2));
        File.WriteAllBytes(folder["b/2.png"], File.ReadAllBytes(folder["b/2.png"])[..42]);
        Assert.StartsWith(folder["b/2.png"], Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder.ToString())).Message, StringComparison.Ordinal);
        File.Delete(folder["b/2.png"]);
        Assert.Contains("no PNG or JPEG files in this class", Assert.Throws<InvalidDataException>(() => ImageFolder.Read(folder.ToString())).Message, StringComparison.Ordinal);
        using var empty = new TemporaryFolder();
        Assert.False(ImageFolder.Recognises(empty.ToString()));
        Assert.Throws<InvalidDataException>(() => ImageFolder.Read(empty.ToString()));
    }

    private static TemporaryFolder Make(params (string Name, int Height, int Width, byte Value)[] images)
    {
        var folder = new TemporaryFolder();
        foreach (var (name, height, width, value) in images)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            File.WriteAllBytes(folder[name], PngWriter.Encode(width, height, 1, Enumerable.Repeat(value, height * width).ToArray()));
        }

        return folder;
    }
}
