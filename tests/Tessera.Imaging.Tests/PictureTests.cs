using System.Globalization;
using System.Xml.Linq;
using CsCheck;
using Tessera.Tests;
using Xunit;

namespace Tessera.Imaging.Tests;

public class PictureTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Curves_run_from_the_first_to_the_last_epoch_and_say_where_they_end()
    {
        var svg = XDocument.Parse(new LearningCurves([2, 1, 0.5], [2, 1.5, 1], [0.5, 0.75, 1], [0.5, 0.7, 0.98765]).ToSvg());
        var lines = svg.Descendants(Svg + "polyline").Select(line => Points(line.Attribute("points")!.Value)).ToArray();
        Assert.Equal(4, lines.Length);
        Assert.All(lines, points => Assert.Equal(3, points.Length));
        Assert.Equal(lines[0][0].X, lines[1][0].X);
        Assert.True(lines[0][0].Y < lines[0][1].Y && lines[0][1].Y < lines[0][2].Y, "a falling loss goes down");
        Assert.Equal(lines[0][1].Y, lines[1][2].Y);
        var texts = Texts(svg);
        Assert.Contains("training 0.5000", texts);
        Assert.Contains("validation 98.77 %", texts);
        Assert.Contains("Accuracy (%)", texts);
    }

    [Fact]
    public void What_was_trained_in_parts_has_curves_for_each_part()
    {
        var svg = XDocument.Parse(new LearningCurves([3, 2, 0.2, 0.1], [3, 2.5, 4, 3.5], [], []) { Parts = ["rbm1", "rbm2"], EpochsOfPart = 2, ValidationName = "test" }.ToSvg());
        var lines = svg.Descendants(Svg + "polyline").Select(line => Points(line.Attribute("points")!.Value)).ToArray();
        Assert.Equal([2, 2, 2, 2], lines.Select(points => points.Length));
        Assert.True(lines[0][1].X < lines[2][0].X && lines[1][1].X < lines[3][0].X, "the second part begins after the first");
        foreach (var said in (string[])["rbm1, training 2.0000", "rbm1, test 2.5000", "rbm2, training 0.1000", "rbm2, test 3.5000"]) Assert.Contains(said, Texts(svg));

        // Stopped within its first part, a training has no curve of the second.
        Assert.DoesNotContain(Texts(XDocument.Parse((new LearningCurves([3], [3], [], []) { Parts = ["rbm1", "rbm2"], EpochsOfPart = 2 }).ToSvg())), text => text.Contains("rbm2", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_finite_leaves_a_gap_and_what_was_not_measured_no_panel()
    {
        var svg = XDocument.Parse(new LearningCurves([3, 2, double.NaN, 1, 0.5, double.PositiveInfinity], [], [], []).ToSvg());
        Assert.Equal([2, 2], svg.Descendants(Svg + "polyline").Select(line => Points(line.Attribute("points")!.Value).Length));
        Assert.Contains("training not finite", Texts(svg));
        Assert.DoesNotContain("Accuracy (%)", Texts(svg));
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_curves_make_a_picture_within_its_bounds()
    {
        var losses = Gen.Frequency((8, Gen.Double[-10, 1e4]), (1, Gen.Const(double.NaN)), (1, Gen.Double[-1e-9, 1e-9]), (1, Gen.Const(1e300))).Array[0, 60];
        Gen.Select(losses, losses, Gen.Double[0, 1].Array[0, 60]).Sample(
            (training, validation, accuracy) =>
            {
                var svg = XDocument.Parse(new LearningCurves(training, validation, accuracy, []).ToSvg()).Root!;
                var (width, height) = (Number(svg, "width"), Number(svg, "height"));
                foreach (var (x, y) in svg.Descendants(Svg + "polyline").SelectMany(line => Points(line.Attribute("points")!.Value)))
                {
                    Assert.InRange(x, 0, width);
                    Assert.InRange(y, 0, height);
                }

                Assert.InRange(svg.Descendants(Svg + "line").Count(), 3, 200);
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void Ticks_are_round_and_cover_the_range()
    {
        Gen.Select(Gen.Double[-1e3, 1e3], Gen.Double[1e-6, 1e4], Gen.Int[3, 10]).Sample(
            (least, range, wanted) =>
            {
                var ticks = AxisTicks.Around(least, least + range, wanted);
                Assert.True(ticks.First <= least + (1e-6 * ticks.Step));
                Assert.True(ticks.Last >= least + range - (1e-6 * ticks.Step));
                Assert.InRange(ticks.Count, 2, wanted + 3);
                Assert.Contains(ticks.Step.ToString("E3", CultureInfo.InvariantCulture)[..5], (string[])["1.000", "2.000", "5.000"]);
            },
            iter: 500, threads: 1);
        Assert.Equal("0.25", new AxisTicks(0, 0.05, 9).Format(0.25));
    }

    [Fact]
    public void A_filter_is_black_grey_and_white_about_zero()
    {
        float[] kernel = [-2, 0, 2, 1, float.NaN, -1, 0, 0, 0, 0, 0, 0];
        var mosaic = Mosaic(FilterMosaic.ToSvg("conv1", kernel, [2, 1, 2, 3]), out var scale, weightsAcross: 9);
        int At(int row, int column) => mosaic.Pixels[(((row + 1) * scale) * mosaic.Width) + ((column + 1) * scale)];
        Assert.Equal([0, 127, 255, 191, 128, 63], Enumerable.Range(0, 6).Select(i => At(i / 3, i % 3)));
        Assert.Equal(127, At(1, 5));
    }

    [Fact]
    public void Three_channels_are_shown_in_colour()
    {
        var svg = FilterMosaic.ToSvg("conv1", [1f, -1, 0], [1, 3, 1, 1]);
        var mosaic = Images(svg)[0];
        var centre = (mosaic.Height / 2 * mosaic.Width) + (mosaic.Width / 2);
        Assert.Equal((255, 0, 127), (mosaic.Pixels[centre], mosaic.Pixels[(mosaic.Height * mosaic.Width) + centre], mosaic.Pixels[(2 * mosaic.Height * mosaic.Width) + centre]));
    }

    [Fact]
    public void Tiles_stand_in_rows_one_filter_below_itself()
    {
        // Two filters of one weight, tiles 2×2: filter f at tile t is 10·f + t.
        float[] kernel = [0, 1, 2, 3, 10, 11, 12, 13];
        var svg = FilterMosaic.ToSvg("tiled", kernel, [2, 1, 1, 1], [2, 2]);
        var mosaic = Mosaic(svg, out var scale, weightsAcross: 5);
        for (var tile = 0; tile < 4; tile++)
        {
            for (var filter = 0; filter < 2; filter++)
            {
                var pixel = mosaic.Pixels[(((1 + (2 * tile)) * scale) * mosaic.Width) + ((1 + (2 * filter)) * scale)];
                Assert.Equal((byte)(127.5f + (127.5f * kernel[(4 * filter) + tile] / 13)), pixel);
            }
        }

        Assert.Contains("tile 1,0", Texts(XDocument.Parse(svg)));
        Assert.Contains("shown: 32 of 676 tiles, evenly spread", Texts(XDocument.Parse(FilterMosaic.ToSvg("u", new float[676], [1, 1, 1], [26, 26]))));
    }

    [Fact]
    public void Every_shape_of_kernel_makes_a_picture()
    {
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 20], Gen.Int[1, 7].Array[1, 3], Gen.Int[1, 3].Array[0, 3]).Sample(
            (filters, channels, kernel, tiles) =>
            {
                Sizes shape = [filters, channels, .. kernel];
                var weights = new float[shape.Append(Sizes.Create(tiles)).Product];
                weights[^1] = -1;
                Assert.Equal(2, XDocument.Parse(FilterMosaic.ToSvg("any", weights, shape, Sizes.Create(tiles))).Descendants(Svg + "image").Count());
            },
            iter: 15, threads: 1);
        Assert.Throws<ArgumentException>(() => FilterMosaic.ToSvg("x", new float[3], [1, 1, 2]));
        Assert.Throws<ArgumentException>(() => FilterMosaic.ToSvg("x", [], [0, 1, 2]));
        Assert.Throws<ArgumentException>(() => FilterMosaic.ToSvg("x", new float[2], [1, 2]));
    }

    [Fact]
    public void A_sheet_shows_what_was_said_and_what_is()
    {
        using var folder = new TemporaryFolder();
        MistakesSheet.Write(
            folder["m.svg"], "Wrong <2 of 9> & more",
            [new Mistake(new float[] { 0, 1, 0.5f, float.NaN }, "4 \u0001<b>", "a name too long to show", 0.987), new Mistake(new float[] { 2, -1, 0, 0 }, "1", "7", double.NaN)],
            [1, 2, 2]);
        var text = File.ReadAllText(folder["m.svg"]);
        var texts = Texts(XDocument.Parse(text));
        Assert.Contains("Wrong <2 of 9> & more", texts);
        Assert.Contains("said 4 ?<b>", texts);
        Assert.Contains("is a name too lo…", texts);
        Assert.Contains("99 % sure", texts);
        var image = Images(text)[0];
        Assert.Equal((84, 84), (image.Height, image.Width));
        Assert.Equal([0, 255, 128, 0], ((int[])[0, 83, 83 * 84, (84 * 84) - 1]).Select(at => (int)image.Pixels[at]));

        Assert.Contains("none", Texts(XDocument.Parse(MistakesSheet.ToSvg("t", [], [1, 2, 2]))));
        Assert.Throws<ArgumentException>(() => MistakesSheet.ToSvg("t", [new Mistake(new float[3], "a", "b", 1)], [1, 2, 2]));
        Assert.Throws<ArgumentException>(() => MistakesSheet.ToSvg("t", [], [4]));
    }

    [Fact]
    public void Seventy_mistakes_on_large_colour_pictures_and_on_signals_are_shown_too()
    {
        foreach (var (shape, pictures, curves) in ((Sizes, int, int)[])[([3, 100, 60], 64, 0), ([1, 40], 0, 64), ([2, 300], 0, 128), ([1, 3, 4, 5], 64, 0)])
        {
            var mistakes = Enumerable.Repeat(new Mistake(new float[shape.Product], "a", "b", 0.5), 70).ToArray();
            var svg = MistakesSheet.ToSvg("t", mistakes, shape);
            Assert.Equal(pictures, Images(svg).Count);
            Assert.Equal(curves, XDocument.Parse(svg).Descendants(Svg + "polyline").Count());
            Assert.Contains("the first 64 of 70", Texts(XDocument.Parse(svg)));
        }
    }

    [Fact]
    public void Pictures_need_nothing_beside_them_and_know_the_dark()
    {
        foreach (var svg in (string[])[new LearningCurves([1], [], [], []).ToSvg(), FilterMosaic.ToSvg("f", [1f], [1, 1, 1]), MistakesSheet.ToSvg("m", [], [1, 1, 1])])
        {
            Assert.Contains("@media (prefers-color-scheme: dark)", svg, StringComparison.Ordinal);
            Assert.DoesNotContain("http", svg.Replace(Svg.NamespaceName, "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.All(XDocument.Parse(svg).Descendants(Svg + "image"), image => Assert.StartsWith("data:image/png;base64,", image.Attribute("href")!.Value, StringComparison.Ordinal));
        }
    }

    private static DecodedImage Mosaic(string svg, out int scale, int weightsAcross)
    {
        var mosaic = Images(svg)[0];
        Assert.Equal(0, mosaic.Width % weightsAcross);
        scale = mosaic.Width / weightsAcross;
        return mosaic;
    }

    private static List<DecodedImage> Images(string svg) =>
    [
        .. XDocument.Parse(svg).Descendants(Svg + "image").Select(image =>
            ImageFile.Decode(Convert.FromBase64String(image.Attribute("href")!.Value["data:image/png;base64,".Length..]), "picture")),
    ];

    private static string[] Texts(XDocument svg) => [.. svg.Descendants(Svg + "text").Select(text => text.Value)];

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static (double X, double Y)[] Points(string points) =>
        [.. points.Split(' ').Select(point => point.Split(',')).Select(point => (double.Parse(point[0], CultureInfo.InvariantCulture), double.Parse(point[1], CultureInfo.InvariantCulture)))];
}
