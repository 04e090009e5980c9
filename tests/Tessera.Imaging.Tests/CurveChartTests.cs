using System.Globalization;
using System.Xml.Linq;
using Tessera.Training;
using Xunit;

namespace Tessera.Imaging.Tests;

public class CurveChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Curves_begin_where_they_say_and_the_legend_names_each()
    {
        var panel = new CurvePanel("Drift", [new("two", [0, 0.5, 1]) { First = 5 }, new("late", [0.25, 0.75]) { First = 6, Colour = 2 }, new("none", [])]) { Least = 0 };
        var svg = XDocument.Parse(new CurveChart("chart", [panel]).ToSvg());
        var lines = svg.Descendants(Svg + "polyline").Select(line => line.Attribute("points")!.Value.Split(' ').Select(point => point.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray()).ToArray()).ToArray();
        Assert.Equal(2, lines.Length);
        Assert.Equal(lines[0][1][0], lines[1][0][0]);
        Assert.Equal(lines[0][2][0], lines[1][1][0]);
        Assert.Equal((lines[0][0][1] + lines[0][2][1]) / 2, lines[0][1][1], 0.01);
        var texts = svg.Descendants(Svg + "text").Select(text => text.Value).ToArray();
        Assert.Contains("two 1.0000", texts);
        Assert.Contains("late 0.7500", texts);
        Assert.DoesNotContain(texts, text => text.StartsWith("none", StringComparison.Ordinal));
        Assert.Contains("third line", svg.Descendants(Svg + "polyline").Select(line => line.Attribute("class")!.Value));
    }

    [Fact]
    public void Panels_stand_two_in_a_row_and_a_longer_legend_makes_them_higher()
    {
        CurvePanel Panel(int curves) => new("p", [.. Enumerable.Range(0, curves).Select(i => new Curve("c", [i, i + 1]))]);
        Assert.Equal((420, 348), Size(new CurveChart("", [Panel(2)])));
        Assert.Equal((840, 348 + 348 + 18), Size(new CurveChart("", [Panel(2), Panel(3), Panel(1)])));
        Assert.Equal((420, 348 + 18), Size(new CurveChart("", [new CurvePanel("p", [new("a name too long for two in a row", [1]), new("b", [2])])])));

        static (double, double) Size(CurveChart chart)
        {
            var root = XDocument.Parse(chart.ToSvg()).Root!;
            return (double.Parse(root.Attribute("width")!.Value, CultureInfo.InvariantCulture), double.Parse(root.Attribute("height")!.Value, CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void A_sheet_of_invariance_frames_the_winner_at_every_angle()
    {
        var feature = new PooledFeature(3, [1, 2], ["filter 6", "filter 7"], [0, 1, 2, 2, 1, double.NegativeInfinity], [1, 0, 0]);
        var report = new InvarianceReport
        {
            Layer = "pool1",
            Angles = [-90, 0, 90],
            Accuracy = [0.5, 1, 0.25],
            ChangeBefore = [1, 0, 1],
            ChangeAfter = [0.5, 0, 0.75],
            SameWinner = [0.5, 1, 0.5],
            Features = [feature],
            Turned = [new float[16], new float[16], new float[16]],
            SampleShape = [1, 4, 4],
        };
        var svg = XDocument.Parse(InvarianceSheet.ToSvg([("net", report)]));
        var framed = svg.Descendants(Svg + "rect").Where(rectangle => (string?)rectangle.Attribute("class") == "second line").ToArray();
        var rows = framed.Select(rectangle => double.Parse(rectangle.Attribute("y")!.Value, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(3, rows.Length);
        Assert.True(rows[0] > rows[1]);
        Assert.Equal(rows[1], rows[2]);
        var texts = svg.Descendants(Svg + "text").Select(text => text.Value).ToArray();
        foreach (var text in (string[])["net, pool1", "channel 3 at 1×2: 2 of 2 win", "filter 7", "net 25.0", "-90°"]) Assert.Contains(text, texts);
        Assert.Throws<ArgumentException>(() => InvarianceSheet.ToSvg([]));
        Assert.Throws<ArgumentException>(() => InvarianceSheet.ToSvg([("net", report), ("other", report with { Angles = [-45, 0, 45] })]));
    }
}
