using System.Globalization;
using System.Text;
using System.Xml;
using Tessera.Files;

namespace Tessera.Imaging;

/// <summary>
/// A picture in the making as an SVG file that needs nothing beside it: colours for light and dark surroundings, text as text, images
/// within it. Coordinates are pixels from the upper left corner.
/// </summary>
internal sealed class SvgPicture
{
    private const string Style =
        """
        text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif; font-size: 12px }
        .title { font-size: 15px; font-weight: 600 }
        .small { font-size: 11px }
        .paper { fill: #ffffff }
        .ink { fill: #1f2328 }
        .faint { fill: #59636e }
        .grid { stroke: #d1d9e0; stroke-width: 1; fill: none }
        .axis { stroke: #818b98; stroke-width: 1; fill: none }
        .first { stroke: #0969da } .firstFill { fill: #0969da }
        .second { stroke: #bc4c00 } .secondFill { fill: #bc4c00 }
        .third { stroke: #1a7f37 } .thirdFill { fill: #1a7f37 }
        .fourth { stroke: #8250df } .fourthFill { fill: #8250df }
        .fifth { stroke: #bf3989 } .fifthFill { fill: #bf3989 }
        .sixth { stroke: #9a6700 } .sixthFill { fill: #9a6700 }
        .line { stroke-width: 2; fill: none; stroke-linejoin: round }
        .dashed { stroke-dasharray: 5 3 }
        .wrong { fill: #cf222e } .right { fill: #1a7f37 }
        .gap { fill: #c3d9f7 }
        image { image-rendering: pixelated }
        @media (prefers-color-scheme: dark) {
        .paper { fill: #0d1117 }
        .ink { fill: #f0f6fc }
        .faint { fill: #9198a1 }
        .grid { stroke: #2f3742 }
        .axis { stroke: #656c76 }
        .first { stroke: #58a6ff } .firstFill { fill: #58a6ff }
        .second { stroke: #f0883e } .secondFill { fill: #f0883e }
        .third { stroke: #3fb950 } .thirdFill { fill: #3fb950 }
        .fourth { stroke: #a371f7 } .fourthFill { fill: #a371f7 }
        .fifth { stroke: #f778ba } .fifthFill { fill: #f778ba }
        .sixth { stroke: #d29922 } .sixthFill { fill: #d29922 }
        .wrong { fill: #ff7b72 } .right { fill: #56d364 }
        .gap { fill: #12365f }
        }
        """;

    private readonly StringBuilder body = new();
    private readonly double width;
    private readonly double height;
    private readonly string title;
    private readonly string furtherStyle;

    /// <summary>An empty picture; <paramref name="furtherStyle"/> holds the rules of styles that are not every picture's.</summary>
    public SvgPicture(double width, double height, string title, string furtherStyle = "")
    {
        (this.width, this.height, this.title, this.furtherStyle) = (width, height, title, furtherStyle);
    }

    /// <summary>Text with its baseline at <paramref name="y"/>; anchor start, middle or end.</summary>
    public void Text(double x, double y, string text, string style = "ink", string anchor = "start") =>
        body.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.##}\" y=\"{y:0.##}\" class=\"{style}\" text-anchor=\"{anchor}\">{Escape(text)}</text>\n");

    public void Line(double x1, double y1, double x2, double y2, string style) =>
        body.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x1:0.##}\" y1=\"{y1:0.##}\" x2=\"{x2:0.##}\" y2=\"{y2:0.##}\" class=\"{style}\"/>\n");

    public void Polyline(IEnumerable<(double X, double Y)> points, string style)
    {
        var text = string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.##},{point.Y:0.##}")));
        body.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{text}\" class=\"{style}\"/>\n");
    }

    public void Circle(double x, double y, double radius, string style) =>
        body.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.##}\" cy=\"{y:0.##}\" r=\"{radius:0.##}\" class=\"{style}\"/>\n");

    public void Rectangle(double x, double y, double shownWidth, double shownHeight, string style) =>
        body.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{shownWidth:0.##}\" height=\"{shownHeight:0.##}\" class=\"{style}\"/>\n");

    /// <summary>
    /// An image, each pixel a rectangle of <paramref name="scale"/> pixels. It is enlarged here, because not every viewer can be told to keep
    /// pixels sharp.
    /// </summary>
    public void Image(double x, double y, (int Width, int Height, int Channels) size, ReadOnlySpan<byte> pixels, (int Across, int Down) scale)
    {
        var (across, down) = (size.Width * scale.Across, size.Height * scale.Down);
        var enlarged = new byte[across * down * size.Channels];
        for (var row = 0; row < down; row++)
        {
            for (var column = 0; column < across; column++)
            {
                pixels.Slice(((row / scale.Down * size.Width) + (column / scale.Across)) * size.Channels, size.Channels)
                    .CopyTo(enlarged.AsSpan(((row * across) + column) * size.Channels));
            }
        }

        Image(x, y, across, down, PngWriter.Encode(across, down, size.Channels, enlarged));
    }

    /// <summary>An image, brought to the size shown by the viewer.</summary>
    public void Image(double x, double y, double shownWidth, double shownHeight, byte[] png) =>
        body.Append(
            CultureInfo.InvariantCulture,
            $"<image x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{shownWidth:0.##}\" height=\"{shownHeight:0.##}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{Convert.ToBase64String(png)}\"/>\n");

    /// <summary>Writes the picture as a file, whole or not at all.</summary>
    public static void Write(string path, string svg) => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(svg)));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{width:0.##}" height="{height:0.##}" viewBox="0 0 {width:0.##} {height:0.##}" role="img">
        <title>{Escape(title)}</title>
        <style>
        {Style}{furtherStyle}
        </style>
        <rect width="100%" height="100%" class="paper"/>
        {body}</svg>

        """);

    /// <summary>Text as XML may hold it; characters that it may not become question marks.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (i + 1 < text.Length && char.IsSurrogatePair(character, text[i + 1]))
            {
                escaped.Append(character).Append(text[++i]);
                continue;
            }

            escaped.Append(character switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                _ => XmlConvert.IsXmlChar(character) ? character.ToString() : "?",
            });
        }

        return escaped.ToString();
    }
}
