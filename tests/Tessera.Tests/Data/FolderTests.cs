using System.IO.Compression;
using System.Text;
using Tessera.Data;
using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Data;

public class FolderTests
{
    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 255, 102];
    private static readonly byte[] Labels = [0, 0, 8, 1, 0, 0, 0, 2, 3, 1];

    [Theory]
    [InlineData("-", "")]
    [InlineData(".", "")]
    [InlineData("-", ".gz")]
    public void A_folder_of_MNISTs_kind_is_read_whatever_its_files_names(string separator, string ending)
    {
        using var folder = new TemporaryFolder();
        foreach (var part in (string[])["train", "t10k"])
        {
            Write(folder, $"{part}-images{separator}idx3-ubyte{ending}", Images);
            Write(folder, $"{part}-labels{separator}idx1-ubyte{ending}", Labels);
        }

        var data = NamedDatasets.Read(folder.ToString());
        foreach (var part in (Dataset[])[data.Training, data.Test!])
        {
            Assert.Equal((2, 4), (part.Count, part.ClassCount));
            Assert.Equal([1, 1, 2], part.SampleShape);
            Assert.Equal(3, part.Label(0));
            var sample = new float[2];
            part.Read(1, sample);
            Assert.Equal([1f, 0.4f], sample);
        }
    }

    [Fact]
    public void Images_and_labels_that_do_not_belong_together_are_an_error()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train-images-idx3-ubyte", Images);
        Assert.Contains("no train-labels-idx1-ubyte", Assert.Throws<FileNotFoundException>(() => MnistFolder.Read(folder.ToString())).Message, StringComparison.Ordinal);
        folder.Write("train-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 1, 3]);
        Assert.Contains("labels of shape 1 do not go with 2 images of 1×2", Assert.Throws<InvalidDataException>(() => MnistFolder.Read(folder.ToString())).Message, StringComparison.Ordinal);
        folder.Write("train-labels-idx1-ubyte", Images);
        Assert.Throws<InvalidDataException>(() => MnistFolder.Read(folder.ToString()));
        folder.Write("train-labels-idx1-ubyte", Labels);
        folder.Write("t10k-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 51, 255, 102]);
        folder.Write("t10k-labels-idx1-ubyte", Labels);
        Assert.Contains("test images of 1×2×1 do not go with", Assert.Throws<InvalidDataException>(() => MnistFolder.Read(folder.ToString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CIFAR_batches_are_read_in_order_with_their_names()
    {
        using var folder = new TemporaryFolder();
        folder.Write("data_batch_1.bin", Record(4, 10), Record(9, 20));
        folder.Write("data_batch_2.bin", Record(0, 30));
        folder.Write("test_batch.bin", Record(1, 40));
        folder.Write("batches.meta.txt", Encoding.ASCII.GetBytes("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"));
        var data = NamedDatasets.Read(folder.ToString());
        Assert.Equal([4, 9, 0], Enumerable.Range(0, 3).Select(data.Training.Label));
        Assert.Equal("deer", data.Training.ClassNames[4]);
        Assert.Equal([3, 32, 32], data.Training.SampleShape);
        var sample = new float[3072];
        data.Training.Read(2, sample);
        Assert.Equal((30 / 255f, 31 / 255f, 32 / 255f), (sample[0], sample[1024], sample[3071]));
        Assert.Equal(1, data.Test!.Count);

        folder.Write("data_batch_2.bin", Record(10, 30));
        Assert.Contains("record 0 has the label 10", Assert.Throws<InvalidDataException>(() => Cifar10Folder.Read(folder.ToString())).Message, StringComparison.Ordinal);
        folder.Write("data_batch_2.bin", Record(1, 30)[..^1]);
        Assert.Contains("3072 bytes are not a whole number of records", Assert.Throws<InvalidDataException>(() => Cifar10Folder.Read(folder.ToString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NumPy_arrays_become_labels_or_targets_by_their_type()
    {
        using var folder = new TemporaryFolder();
        var x = NpyArray.Create<double>([2, 1, 2], [0.5, 1, -2, 3]);
        NpzFile.Write(folder["labels.npz"], [new("x", x), new("y", NpyArray.Create<long>([2, 1], [0, 6]))]);
        var labelled = NamedDatasets.Read(folder["labels.npz"]);
        Assert.Equal((7, 6), (labelled.Training.ClassCount, labelled.Training.Label(1)));
        Assert.Null(labelled.Test);
        var sample = new float[2];
        labelled.Training.Read(1, sample);
        Assert.Equal([-2f, 3], sample);

        var bytes = NpyArray.Create<byte>([2, 1, 1], [0, 255]);
        NpzFile.Write(
            folder["targets.npz"],
            [new("x_train", bytes), new("y_train", NpyArray.Create<float>([2], [1, 2])), new("x_test", bytes), new("y_test", NpyArray.Create<float>([2], [3, 4]))]);
        var regression = NamedDatasets.Read(folder["targets.npz"]);
        regression.Test!.ReadTarget(1, sample.AsSpan(0, 1));
        Assert.Equal(4, sample[0]);
        regression.Training.Read(1, sample.AsSpan(0, 1));
        Assert.Equal(1, sample[0]);

        foreach (var name in (string[])["x", "y"])
            NpyFile.Write<byte>(folder[name + ".npy"], new System.Numerics.Tensors.ReadOnlyTensorSpan<byte>([1, 2], name == "x" ? [2, 1] : [2]));
        Assert.Equal(3, NamedDatasets.Read(folder.ToString()).Training.ClassCount);
    }

    [Theory]
    [InlineData(new[] { 3, 1 }, new[] { 2 }, 0, "y of shape 2 does not go with x of shape 3×1")]
    [InlineData(new[] { 2 }, new[] { 2 }, 0, "at least one sample is needed")]
    [InlineData(new[] { 0, 1 }, new[] { 0 }, 0, "at least one sample is needed")]
    [InlineData(new[] { 2, 1 }, new[] { 2, 2 }, 0, "labels are one number a sample")]
    [InlineData(new[] { 2, 1 }, new[] { 2 }, -1, "labels in y reach from -1")]
    [InlineData(new[] { 2, 1 }, new[] { 2 }, int.MaxValue, "to 2147483647")]
    public void NumPy_arrays_that_do_not_belong_together_are_an_error(int[] xShape, int[] yShape, int label, string says)
    {
        using var folder = new TemporaryFolder();
        var x = new float[Sizes.Create(xShape).Product];
        var y = Enumerable.Repeat(label, (int)Sizes.Create(yShape).Product).ToArray();
        NpzFile.Write(folder["a.npz"], [new("x", NpyArray.Create<float>(Sizes.Create(xShape), x)), new("y", NpyArray.Create<int>(Sizes.Create(yShape), y))]);
        Assert.Contains(says, Assert.Throws<InvalidDataException>(() => NumpyDataset.Read(folder["a.npz"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_is_not_finite_or_a_missing_array_is_an_error()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], [new("x", NpyArray.Create<float>([2, 1], [0, float.NaN])), new("y", NpyArray.Create<int>([2], [0, 1]))]);
        Assert.Contains("sample 1 holds NaN", Assert.Throws<InvalidDataException>(() => NumpyDataset.Read(folder["a.npz"])).Message, StringComparison.Ordinal);
        NpzFile.Write(folder["a.npz"], [new("x", NpyArray.Create<float>([2, 1], [0, 1]))]);
        Assert.Contains("there are: x.", Assert.Throws<InvalidDataException>(() => NumpyDataset.Read(folder["a.npz"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_not_found_says_how_to_get_it()
    {
        var error = Assert.Throws<DirectoryNotFoundException>(() => NamedDatasets.Read("no-such-data"));
        Assert.Contains("TESSERA_DATA", error.Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => NamedDatasets.Find(".."));
        using var folder = new TemporaryFolder();
        Assert.Contains("no known kind of data", Assert.Throws<InvalidDataException>(() => NamedDatasets.Read(folder.ToString())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fashion_MNIST_is_found_by_name_where_it_is_installed()
    {
        Assert.SkipUnless(Directory.Exists("/usr/share/datasets/fashion-mnist"), "The package dataset-fashion-mnist is not installed.");
        var data = NamedDatasets.Read("fashion-mnist");
        Assert.Equal((60_000, 10_000), (data.Training.Count, data.Test!.Count));
        Assert.Equal("ankle boot", data.Test.ClassNames[data.Test.Label(0)]);
        Assert.Equal([1, 28, 28], data.Training.SampleShape);
    }

    private static byte[] Record(byte label, byte value) => [label, .. Enumerable.Range(0, 3072).Select(i => (byte)(value + (i / 1024)))];

    private static void Write(TemporaryFolder folder, string name, byte[] bytes)
    {
        using Stream stream = name.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(File.Create(folder[name]), CompressionLevel.Optimal)
            : File.Create(folder[name]);
        stream.Write(bytes);
    }
}
