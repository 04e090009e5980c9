using System.Globalization;
using Tessera.Connections;
using Tessera.Networks;

namespace Tessera.Imaging;

/// <summary>
/// A network along one axis (chapter figure 9.13): a row of units for each layer that moves a window, the input below, every unit above the
/// middle of what it sees and connected to it; padded units dashed. What the middle unit of the last layer depends on is drawn in colour.
/// Beside each row stand its size and receptive field, and whether its kernel never moves.
/// </summary>
public static class NetworkFigure
{
    private const int MostUnits = 48;
    private const int MostRows = 24;
    private const int MostEdges = 6000;
    private const double Margin = 24;
    private const double Left = 110;
    private const double Right = 250;
    private const double Top = 72;
    private const double RowHeight = 76;

    /// <summary>The figure as an SVG file's text, legible on light and dark. Of many units or layers the first are shown, and how many there are is said.</summary>
    /// <param name="network">The network.</param>
    /// <param name="axis">The spatial axis, from 0.</param>
    /// <exception cref="ArgumentException">The network has no such axis, or no layer that moves a window.</exception>
    public static string ToSvg(NetworkDescription network, int axis = 0)
    {
        ArgumentNullException.ThrowIfNull(network);
        var all = NetworkRow.Of(network, axis);
        var rows = all.Take(MostRows).ToArray();
        var fields = ReceptiveFields.Of(network);
        var names = network.Layers.Select(layer => layer.Name).ToList();
        var (first, units) = Extent(rows);
        var spacing = Math.Clamp(960.0 / units, 20, 44);
        var radius = Math.Min(9, 0.34 * spacing);
        var title = network.Name.Length > 0 ? network.Name : "network";
        var height = Top + ((rows.Length - 1) * RowHeight) + 70;
        var picture = new SvgPicture(Left + (units * spacing) + Right, height, title, FigureStyle.Rules);
        picture.Text(Margin, 30, title, "ink title");
        picture.Text(Margin, 49, Summary(network, all, rows.Length, axis), "faint");

        double Across(double at) => Left + ((at - first + 0.5) * spacing);
        double Down(int row) => Top + 14 + ((rows.Length - 1 - row) * RowHeight);
        bool IsShown(double at) => at >= first - 0.01 && at <= first + units - 0.99;

        var seen = Cone(rows, position => IsShown(position));
        Edges(picture, rows, seen, (row, position) => IsShown(rows[row].At(position)) ? (Across(rows[row].At(position)), Down(row)) : null);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var position = 0; position < rows[row].Count && IsShown(rows[row].At(position)); position++)
                picture.Circle(Across(rows[row].At(position)), Down(row), radius, seen[row].Contains(position) ? "unit hue0 seen" : "unit");

            if (row + 1 < rows.Length) Padding(picture, rows[row], rows[row + 1], at => IsShown(at) ? (Across(at), Down(row)) : null, radius);
            Labels(picture, rows[row], Left + (units * spacing) + 14, Down(row), rows[row].Count > 0 && !IsShown(rows[row].At(rows[row].Count - 1)), names.IndexOf(rows[row].Name) is >= 0 and var index ? fields[index][axis] : null);
        }

        var padded = rows.Skip(1).Any(row => !row.IsTransposed && row.Axis.PadLow + row.Axis.PadHigh > 0);
        picture.Text(Margin, height - 18, "In colour: what the middle unit of the last row depends on." + (padded ? " Dashed: padding, which reads as zero." : ""), "faint small");
        return picture.ToString();
    }

    /// <summary>Writes the figure as an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The network.</param>
    /// <param name="axis">The spatial axis, from 0.</param>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, NetworkDescription network, int axis = 0) => SvgPicture.Write(path, ToSvg(network, axis));

    /// <summary>From the leftmost unit or padding on, as many places as are needed or can be shown.</summary>
    private static (double First, int Units) Extent(NetworkRow[] rows)
    {
        double first = 0, last = rows[0].Count - 1;
        for (var row = 1; row < rows.Length; row++)
        {
            first = Math.Min(first, rows[row].At(0));
            last = Math.Max(last, rows[row].At(rows[row].Count - 1));
            if (rows[row].IsTransposed) continue;
            first = Math.Min(first, rows[row - 1].At(-rows[row].Axis.PadLow));
            last = Math.Max(last, rows[row - 1].At(rows[row - 1].Count - 1 + rows[row].Axis.PadHigh));
        }

        return (first, (int)Math.Min(MostUnits, Math.Ceiling(last - first) + 1));
    }

    /// <summary>For each row, the positions that the middle unit of the last row depends on; of a picture that is cut, a unit that is in it.</summary>
    private static HashSet<int>[] Cone(NetworkRow[] rows, Func<double, bool> isShown)
    {
        var seen = rows.Select(_ => new HashSet<int>()).ToArray();
        var last = rows[^1];
        var shown = 0;
        while (shown < last.Count && isShown(last.At(shown))) shown++;
        seen[^1].Add(Math.Max(0, shown - 1) / 2);
        for (var row = rows.Length - 1; row > 0; row--)
        {
            foreach (var source in seen[row].SelectMany(rows[row].Sources))
            {
                if (source >= 0 && source < rows[row - 1].Count && isShown(rows[row - 1].At(source))) seen[row - 1].Add(source);
            }
        }

        return seen;
    }

    private static void Edges(SvgPicture picture, NetworkRow[] rows, HashSet<int>[] seen, Func<int, double, (double X, double Y)?> place)
    {
        var drawn = 0;

        // What is in colour last, so that nothing lies over it.
        foreach (var inColour in (bool[])[false, true])
        {
            for (var row = 1; row < rows.Length; row++)
            {
                for (var position = 0; position < rows[row].Count && place(row, position) is { } to; position++)
                {
                    if (seen[row].Contains(position) != inColour) continue;
                    foreach (var source in rows[row].Sources(position))
                    {
                        if (place(row - 1, source) is not { } from || ++drawn > MostEdges) continue;
                        var padded = source < 0 || source >= rows[row - 1].Count;
                        picture.Line(from.X, from.Y, to.X, to.Y, (inColour ? "edge hue0" : "edge thin") + (padded ? " padded" : ""));
                    }
                }
            }
        }
    }

    private static void Padding(SvgPicture picture, NetworkRow row, NetworkRow above, Func<double, (double X, double Y)?> place, double radius)
    {
        if (above.IsTransposed) return;
        foreach (var position in Enumerable.Range(1, Math.Min(MostUnits, above.Axis.PadLow)).Select(k => -k).Concat(Enumerable.Range(row.Count, Math.Min(MostUnits, above.Axis.PadHigh))))
        {
            if (place(row.At(position)) is { } at) picture.Circle(at.X, at.Y, radius, "padding");
        }
    }

    private static void Labels(SvgPicture picture, NetworkRow row, double x, double y, bool isCut, AxisReceptiveField? field)
    {
        picture.Text(Margin, y + 4, row.Name.Length > 11 ? row.Name[..10] + "…" : row.Name, "ink");
        picture.Text(x, y, string.Create(CultureInfo.InvariantCulture, $"{(isCut ? "… of " : "")}{row.Count} {(row.Count == 1 ? "unit" : "units")}{(field is null ? "" : $", sees {field.Longest}")}"), "ink");
        if (row.Kind == "input") return;
        var text = string.Create(CultureInfo.InvariantCulture, $"{row.Kind} {row.Axis.Kernel}{(row.Axis.Stride > 1 ? $", stride {row.Axis.Stride}" : "")}{(row.Axis.Dilation > 1 ? $", dilation {row.Axis.Dilation}" : "")}");
        picture.Text(x, y + 15, text, "faint small");
        if (row.NeverMoves) picture.Text(x, y + 29, "this kernel never moves", "wrong small never");
    }

    private static string Summary(NetworkDescription network, IReadOnlyList<NetworkRow> all, int shown, int axis)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"axis {axis} of input {network.InputShape}: {string.Join(" → ", all.Take(12).Select(row => row.Count))}{(all.Count > 12 ? " …" : "")}");
        if (network.Layers.Any(layer => layer.Inputs.Count > 1)) text += "; of several ways the longest";
        return shown < all.Count ? text + string.Create(CultureInfo.InvariantCulture, $"; the first {shown - 1} of {all.Count - 1} layers shown") : text;
    }
}
