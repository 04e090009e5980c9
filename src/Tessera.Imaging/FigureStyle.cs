using System.Globalization;
using System.Text;

namespace Tessera.Imaging;

/// <summary>How figures of operators and curves of signals look: units, edges, and eight hues that can be told apart on light and on dark.</summary>
internal static class FigureStyle
{
    /// <summary>How many hues there are before they come again.</summary>
    public const int Hues = 8;

    private static readonly string[] Light = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#9a6700", "#0e7490", "#cf222e"];
    private static readonly string[] Dark = ["#58a6ff", "#f0883e", "#56d364", "#bc8cff", "#f778ba", "#e3b341", "#39c5cf", "#ff7b72"];

    /// <summary>The rules, to follow those of every picture.</summary>
    public static string Rules { get; } = Build();

    /// <summary>The style of a hue by any number.</summary>
    public static string Hue(int number) => string.Create(CultureInfo.InvariantCulture, $"hue{number % Hues}");

    private static string Build()
    {
        var rules = new StringBuilder(
            """

            .unit { fill: #ffffff; stroke: #59636e; stroke-width: 1.5 }
            .padding { fill: #ffffff; stroke: #818b98; stroke-width: 1.2; stroke-dasharray: 3 3 }
            .unread { fill: #eaeef2; stroke: #818b98; stroke-width: 1.5 }
            .edge { stroke: #818b98; stroke-width: 1.4; fill: none }
            .thin { stroke-width: 0.8; stroke-opacity: 0.75 }
            .padded { stroke-dasharray: 4 3; stroke-opacity: 0.75 }
            .curve { stroke-width: 1.4; fill: none; stroke-linejoin: round }
            .caption { font-size: 10px }
            .letter { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; font-weight: 600 }
            """);
        rules.Append('\n');
        Append(rules, Light);
        rules.Append(
            """
            @media (prefers-color-scheme: dark) {
            .unit { fill: #161b22; stroke: #9198a1 }
            .padding { fill: #0d1117; stroke: #656c76 }
            .unread { fill: #2f3742; stroke: #656c76 }
            .edge { stroke: #656c76 }

            """);
        Append(rules, Dark);
        return rules.Append('}').ToString();
    }

    private static void Append(StringBuilder rules, string[] colours)
    {
        for (var hue = 0; hue < Hues; hue++)
        {
            rules.Append(CultureInfo.InvariantCulture, $".hue{hue} {{ stroke: {colours[hue]} }} .letter.hue{hue}, .dot.hue{hue} {{ fill: {colours[hue]}; stroke: none }}\n");
        }
    }
}
