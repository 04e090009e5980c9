using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Documentation;

/// <summary>The README's examples are the code that is compiled and run here.</summary>
public class ReadmeTests
{
    [Theory]
    [InlineData("example")]
    [InlineData("operator")]
    public void The_example_stands_in_the_readme_word_for_word(string name)
    {
        var code = Between(File.ReadAllLines(Path.Combine(Root(), "tests/Tessera.Tests/Documentation/ReadmeExample.cs")), $"        // {name}", $"        // /{name}");
        var readme = Between(File.ReadAllLines(Path.Combine(Root(), "README.md")), $"<!-- {name} -->", $"<!-- /{name} -->");
        Assert.True(code.Length > 5);
        Assert.Equal(["```csharp", .. code.Select(line => line.Length > 8 ? line[8..] : ""), "```"], readme);
    }

    [Fact]
    public void The_operator_example_runs() => ReadmeExample.Operate();

    [Fact]
    public void The_training_example_learns_from_a_folder_of_images()
    {
        var folder = Directory.CreateTempSubdirectory("tessera-readme").FullName;
        var file = Path.Combine(folder, "digits.safetensors");
        try
        {
            WriteImages(folder, "train", 200);
            WriteImages(folder, "t10k", 50);
            ReadmeExample.Train(folder, file);
            Assert.Contains("conv2.kernel", SafetensorsFile.Open(file).Entries.Select(entry => entry.Name));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>Images of ten kinds: a bright row whose height is the label.</summary>
    private static void WriteImages(string folder, string part, int count)
    {
        var images = new byte[16 + (count * 784)];
        var labels = new byte[8 + count];
        int[] header = [0x803, count, 28, 28];
        for (var i = 0; i < 4; i++) BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4 * i), header[i]);
        BinaryPrimitives.WriteInt32BigEndian(labels, 0x801);
        BinaryPrimitives.WriteInt32BigEndian(labels.AsSpan(4), count);
        for (var i = 0; i < count; i++)
        {
            labels[8 + i] = (byte)(i % 10);
            images.AsSpan(16 + (i * 784) + (28 * (4 + (2 * (i % 10)))), 28).Fill(255);
        }

        File.WriteAllBytes(Path.Combine(folder, $"{part}-images-idx3-ubyte"), images);
        File.WriteAllBytes(Path.Combine(folder, $"{part}-labels-idx1-ubyte"), labels);
    }

    private static string[] Between(string[] lines, string begin, string end) =>
        [.. lines.SkipWhile(line => line != begin).Skip(1).TakeWhile(line => line != end)];

    private static string Root([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
