using System.Xml.Linq;
using Xunit;

namespace Tessera.Imaging.Tests;

public class ImageSheetTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Rows_and_columns_have_their_labels_and_images_stand_beneath_each_other()
    {
        float[] values = [0, 1, 0.5f, 0.25f];
        var sheet = new ImageSheet("Chain", [Row("clean"), Row("noisy\nσ = 0.5"), Row("denoised")]) { Columns = ["step 0", "step 1"], Remark = "from one seed" };
        var svg = sheet.ToSvg();
        var figure = new Figure(svg);
        foreach (var text in (string[])["Chain", "from one seed", "clean", "noisy", "σ = 0.5", "denoised", "step 0", "step 1"]) Assert.Contains(figure.Texts, mark => mark.Text == text);
        var images = XDocument.Parse(svg).Descendants(Svg + "image").Select(image => (X: image.Attribute("x")!.Value, Y: image.Attribute("y")!.Value)).ToArray();
        Assert.Equal(6, images.Length);
        Assert.Equal(2, images.Select(image => image.X).Distinct().Count());
        Assert.Equal(3, images.Select(image => image.Y).Distinct().Count());
        Assert.True(figure.IsWithinItsBounds);

        SheetRow Row(string label) => new(label, [new SheetImage(values, [1, 2, 2]), new SheetImage(values, [1, 2, 2])]);
    }

    [Fact]
    public void A_scale_of_its_own_goes_from_the_smallest_to_the_largest_and_is_named()
    {
        var svg = new ImageSheet("maps", [new SheetRow("", [new SheetImage(new float[] { -2, 6, 2, float.NaN }, [1, 2, 2]).OnItsOwnScale(), new SheetImage(new float[] { 3, 3 }, [1, 1, 2]).OnItsOwnScale()])]).ToSvg();
        var images = Images(svg);
        Assert.Equal([0, 255, 128, 0], Corners(images[0]));
        Assert.Equal([128, 128, 128, 128], Corners(images[1]));
        Assert.Contains(new Figure(svg).Texts, text => text.Text == "-2…6");
        Assert.Equal("0…0.62", new SheetImage(new float[] { 4.7e-24f, 0.62f }, [1, 1, 2]).OnItsOwnScale().Caption);
        Assert.Equal("-0.62…0", new SheetImage(new float[] { -0.62f, -1e-9f }, [1, 1, 2]).OnItsOwnScale().Caption);
        Assert.Equal("1E-09…2E-09", new SheetImage(new float[] { 1e-9f, 2e-9f }, [1, 1, 2]).OnItsOwnScale().Caption);
    }

    [Fact]
    public void Of_a_volume_the_middle_slice_is_shown_and_of_a_signal_its_curve()
    {
        var volume = new float[2 * 3 * 2 * 2];
        volume[4 + 0] = 1;
        volume[8 + 1] = 1;
        var slices = new ImageSheet("v", [new SheetRow("", [new SheetImage(volume, [2, 3, 2, 2])])]).ToSvg();
        Assert.Equal([255, 0, 0, 0], Corners(Images(slices)[0]));
        Assert.Contains(new Figure(slices).Texts, text => text.Text == "of volumes the middle slice, of several channels the first");

        var signal = new ImageSheet("s", [new SheetRow("", [new SheetImage(new float[] { 0, 1, 0.5f, float.PositiveInfinity, 1, 0, 0, 0 }, [2, 4])])]).ToSvg();
        var curves = XDocument.Parse(signal).Descendants(Svg + "polyline").Select(line => line.Attribute("points")!.Value.Split(' ')).ToArray();
        Assert.Equal(2, curves.Length);
        Assert.All(curves, points => Assert.Equal(4, points.Length));
        var heights = curves[1].Select(point => double.Parse(point.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.True(heights[1] < heights[2] && heights[2] < heights[0] && heights[3] == heights[0]);
    }

    [Fact]
    public void A_sheet_stays_within_bounds_whatever_is_put_on_it()
    {
        var large = new SheetImage(new float[3 * 2000 * 1500], [3, 2000, 1500]);
        var svg = new ImageSheet("large", [.. Enumerable.Repeat(new SheetRow("row", [.. Enumerable.Repeat(large, 1)]), 3)]).ToSvg();
        Assert.All(Images(svg), image => Assert.InRange(image.Height, 84, 168));

        var many = new ImageSheet("many", [.. Enumerable.Repeat(new SheetRow("", [.. Enumerable.Repeat(new SheetImage(new float[1], [1, 1, 1]), 20)]), 70)]).ToSvg();
        Assert.Equal(64 * 16, Images(many).Count);
        Assert.Contains(new Figure(many).Texts, text => text.Text == "the first 64 of 70 rows, the first 16 of 20 in a row");
    }

    [Fact]
    public void What_does_not_fit_its_shape_is_refused()
    {
        Assert.Contains("'a' has 3 values, but 1×2×2 has 4", Assert.Throws<ArgumentException>(() => Of(new SheetImage(new float[3], [1, 2, 2])).ToSvg()).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be shown as pictures", Assert.Throws<ArgumentException>(() => Of(new SheetImage(new float[3], [3])).ToSvg()).Message, StringComparison.Ordinal);
        Assert.Contains("from 16 to 256", Assert.Throws<ArgumentException>(() => (Of(new SheetImage(new float[4], [1, 2, 2])) with { Side = 4000 }).ToSvg()).Message, StringComparison.Ordinal);

        static ImageSheet Of(SheetImage image) => new("t", [new SheetRow("a", [image])]);
    }

    private static List<DecodedImage> Images(string svg) =>
    [
        .. XDocument.Parse(svg).Descendants(Svg + "image").Select(image =>
            ImageFile.Decode(Convert.FromBase64String(image.Attribute("href")!.Value["data:image/png;base64,".Length..]), "picture", ImageColour.Grey)),
    ];

    private static int[] Corners(DecodedImage image) =>
        [.. ((int[])[0, image.Width - 1, (image.Height - 1) * image.Width, (image.Height * image.Width) - 1]).Select(at => (int)image.Pixels[at])];
}
