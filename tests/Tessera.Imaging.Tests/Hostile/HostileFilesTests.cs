using Tessera.Fuzz;
using Xunit;

namespace Tessera.Imaging.Tests.Hostile;

/// <summary>What fuzzing kept, and a few hundred mutations of it, drawn alike in every run.</summary>
public class HostileFilesTests
{
    /// <summary>zlib asks for a dictionary that nobody has, and .NET says so by an IOException.</summary>
    [Fact]
    public void Rows_packed_with_a_preset_dictionary_are_refused()
    {
        var picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAUAAAACAQAAAAC4ESvwAAAADElEQVR4u2NYwRQAAAJQAPuB6hxQAAAAAElFTkSuQmCC");
        var error = Assert.Throws<InvalidDataException>(() => PngReader.Read(ImagingReaders.WithChecksums(picture), "a.png", headerOnly: false));
        Assert.Equal("a.png: the image is damaged: its rows cannot be unpacked.", error.Message);
    }

    [Fact]
    public void More_pixels_than_can_be_packed_in_a_file_get_no_memory()
    {
        var picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAUAAAACAQAAAAC4ESvwAAAADElEQVR4u2NYwRQAAAJQAPuB6hxQAAAAAElFTkSuQmCC");
        picture[17] = 0x40;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => PngReader.Read(ImagingReaders.WithChecksums(picture), "a.png", headerOnly: false));
        Assert.Equal("a.png: the image is cut off: 2×4194309 pixels cannot be packed in 12 bytes.", error.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 16);
    }

    [Fact]
    public void Pixels_of_a_JPEG_file_get_no_memory_beyond_what_its_length_allows()
    {
        var reader = ImagingReaders.All.Single(static reader => reader.Name == "jpeg");
        var pictures = Corpus.Of(reader);
        Assert.All(pictures, picture => Assert.True(reader.Check(picture).IsAccepted, reader.Check(picture).Refusal));
        foreach (var picture in pictures)
        {
            // The frame's header: length, precision, rows and columns.
            var frame = picture.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]) is >= 0 and var baseline ? baseline : picture.AsSpan().IndexOf([(byte)0xFF, (byte)0xC2]);
            foreach (var place in new[] { 5, 7 }) (picture[frame + place], picture[frame + place + 1]) = (0x7F, 0xFF);
            var (isAccepted, refusal, allocated) = reader.Check(picture);
            Assert.False(isAccepted);
            Assert.Contains("32767×32767 pixels would take", refusal, StringComparison.Ordinal);
            Assert.InRange(allocated, 0, 1 << 20);
        }
    }

    public static TheoryData<string> Readers => [.. ImagingReaders.All.Select(static reader => reader.Name)];

    [Theory]
    [MemberData(nameof(Readers))]
    public void Damaged_files_end_in_the_documented_error_and_little_memory(string name) =>
        Corpus.Check(ImagingReaders.All.Single(reader => reader.Name == name), 300, static (files, which, random) => Mutation.Of(files, which, ref random));
}
