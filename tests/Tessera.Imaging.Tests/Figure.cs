using System.Globalization;
using System.Xml.Linq;

namespace Tessera.Imaging.Tests;

/// <summary>A figure read back from its SVG: what stands where, in the order of the file.</summary>
internal sealed class Figure
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public Figure(string svg)
    {
        var root = XDocument.Parse(svg).Root!;
        (Width, Height) = (Number(root, "width"), Number(root, "height"));
        Circles = [.. root.Elements(Svg + "circle").Select(circle => new Mark(Number(circle, "cx"), Number(circle, "cy"), Style(circle), ""))];
        Texts = [.. root.Elements(Svg + "text").Select(text => new Mark(Number(text, "x"), Number(text, "y"), Style(text), text.Value))];
        Edges = [.. root.Elements(Svg + "line").Where(line => Style(line).Contains("edge")).Select(line =>
            new Edge(Number(line, "x1"), Number(line, "y1"), Number(line, "x2"), Number(line, "y2"), Style(line)))];
    }

    public double Width { get; }

    public double Height { get; }

    public IReadOnlyList<Mark> Circles { get; }

    public IReadOnlyList<Mark> Texts { get; }

    public IReadOnlyList<Edge> Edges { get; }

    /// <summary>The letters of weights, each where its middle is.</summary>
    public IEnumerable<Mark> Letters => Texts.Where(text => text.Style.Contains("letter")).Select(text => text with { Y = text.Y - 4 });

    /// <summary>The number that stands in the circle at a place.</summary>
    public int NumberAt(double x, double y) => int.Parse(Texts.Single(text => Math.Abs(text.X - x) < 0.1 && Math.Abs(text.Y - 4 - y) < 0.1).Text, CultureInfo.InvariantCulture);

    /// <summary>Whether every mark lies within the picture.</summary>
    public bool IsWithinItsBounds => Circles.Concat(Texts).All(mark => mark.X >= 0 && mark.X <= Width && mark.Y >= 0 && mark.Y <= Height);

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static string[] Style(XElement element) => element.Attribute("class")!.Value.Split(' ');

    internal sealed record Mark(double X, double Y, string[] Style, string Text);

    internal sealed record Edge(double X1, double Y1, double X2, double Y2, string[] Style)
    {
        /// <summary>How far a point at the edge's height is from it.</summary>
        public double Distance(Mark mark) =>
            mark.Y < Math.Min(Y1, Y2) || mark.Y > Math.Max(Y1, Y2) ? double.PositiveInfinity : Math.Abs(mark.X - (X1 + ((mark.Y - Y1) / (Y2 - Y1) * (X2 - X1))));
    }
}
