using System.Globalization;
using Tessera.Connections;

namespace Tessera.Imaging;

/// <summary>
/// Who reaches whom along one axis, and who carries the same weight, as a figure: inputs below, outputs above, an edge for each connection with
/// the letter of its weight, a hue for each kernel, padded units dashed. Edges that go into padding are drawn dashed too. From whole numbers alone.
/// </summary>
public static class ConnectionsFigure
{
    private const double Margin = 24;
    private const double Top = 62;
    private const double PanelHead = 62;
    private const double PanelGap = 34;

    // Beyond this, inputs that are never read are not counted: that takes memory for each input.
    private const int MostCounted = 100_000;

    /// <summary>The figure as an SVG file's text, legible on light and dark. Of many units the first are shown, and how many there are is said.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="panels">What is drawn, one beneath the other.</param>
    /// <exception cref="ArgumentException">There is no panel, a kernel reaches over more units than can be drawn, or two steps are wanted of kernels that differ.</exception>
    public static string ToSvg(string title, IReadOnlyList<ConnectionsPanel> panels)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(panels);
        if (panels.Count == 0) throw new ArgumentException("connections: there is nothing to draw; give at least one panel.", nameof(panels));
        foreach (var axis in panels.Where(panel => panel.Kind == ConnectionsKind.TwoSteps && panel.Axis.Tile > 1).Select(panel => panel.Axis))
            throw new ArgumentException($"connections: two steps are the same for a shared kernel alone, and this one has a tile of {axis.Tile}; use a tile of 1.", nameof(panels));

        var layout = new ConnectionsLayout(panels);
        var width = panels.Max(panel => layout.Across(panel.Axis, layout.Shown(panel.Axis) - panel.Axis.PadLow)) + Margin + (panels.Any(panel => IsCut(panel, layout)) ? 60 : 0);
        var height = Top + panels.Sum(HeightOf) + 36;
        var picture = new SvgPicture(Math.Max(560, width), height, title, FigureStyle.Rules);
        picture.Text(Margin, 30, title, "ink title");
        picture.Text(Margin, 49, SizesOf(panels[0].Axis), "faint");
        var y = Top;
        foreach (var panel in panels)
        {
            Draw(picture, panel, layout, y);
            y += HeightOf(panel);
        }

        picture.Text(Margin, y + 8, Legend(panels, layout), "faint small");
        return picture.ToString();
    }

    /// <summary>Writes the figure as an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">The heading.</param>
    /// <param name="panels">What is drawn.</param>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, string title, IReadOnlyList<ConnectionsPanel> panels) => SvgPicture.Write(path, ToSvg(title, panels));

    private static bool IsCut(ConnectionsPanel panel, ConnectionsLayout layout) => layout.Shown(panel.Axis) < panel.Axis.PadLow + panel.Axis.Input + panel.Axis.PadHigh;

    private static double HeightOf(ConnectionsPanel panel) =>
        PanelHead + ConnectionsLayout.Depth(panel) + (panel.Kind == ConnectionsKind.TwoSteps ? 80 : 0) + (2 * ConnectionsLayout.Radius) + PanelGap;

    private static void Draw(SvgPicture picture, ConnectionsPanel panel, ConnectionsLayout layout, double y)
    {
        var axis = ConnectionsLayout.Drawn(panel);
        picture.Text(Margin, y + 20, panel.Heading, "ink");
        picture.Text(Margin, y + 36, Counts(panel, layout), "faint small");
        y += PanelHead + ConnectionsLayout.Radius;
        if (panel.Kind == ConnectionsKind.TwoSteps)
        {
            DownsamplingStep(picture, panel.Axis, axis, layout, y);
            y += 80;
        }

        var below = y + ConnectionsLayout.Depth(panel);
        if (panel.Kind == ConnectionsKind.Full) FullEdges(picture, axis, layout, y, below);
        else Edges(picture, panel, axis, layout, y, below);

        picture.Text(Margin, y + 4, panel.Kind == ConnectionsKind.TwoSteps ? "stride 1" : "output", "faint");
        picture.Text(Margin, below + 4, "input", "faint");
        var outputs = layout.OutputsShown(axis);
        for (var p = 0; p < outputs; p++)
        {
            var discarded = panel.Kind == ConnectionsKind.TwoSteps && p % panel.Axis.Stride != 0;
            Unit(picture, layout.AcrossOutput(axis, p), y, p, discarded ? "unread" : "unit");
        }

        if (outputs < axis.Output) Rest(picture, layout.AcrossOutput(axis, outputs - 1), y, axis.Output);
        Inputs(picture, panel, axis, layout, below);
    }

    private static void Inputs(SvgPicture picture, ConnectionsPanel panel, AxisGeometry axis, ConnectionsLayout layout, double y)
    {
        var read = new HashSet<int>();
        for (var p = 0; p < layout.OutputsShown(axis); p++)
        {
            for (var q = 0; q < axis.Kernel; q++) read.Add((p * axis.Stride) + axis.Offset(q));
        }

        var cut = IsCut(panel, layout);
        for (var x = -axis.PadLow; x < layout.Shown(axis) - axis.PadLow; x++)
        {
            var across = layout.Across(axis, x);
            if (x < 0 || x >= axis.Input) picture.Circle(across, y, ConnectionsLayout.Radius, "padding");
            else Unit(picture, across, y, x, panel.Kind == ConnectionsKind.Full || cut || read.Contains(x) ? "unit" : "unread");
        }

        if (cut) Rest(picture, layout.Across(axis, layout.Shown(axis) - axis.PadLow - 1), y, axis.Input);
    }

    private static void Edges(SvgPicture picture, ConnectionsPanel panel, AxisGeometry axis, ConnectionsLayout layout, double y, double below)
    {
        var letters = new List<(double X, string Letter, string Hue)>();
        var part = ConnectionsLayout.Part(axis);
        for (var p = 0; p < layout.OutputsShown(axis); p++)
        {
            var hue = FigureStyle.Hue(panel.KernelOf(p));
            if (panel.Kind == ConnectionsKind.TwoSteps && p % panel.Axis.Stride != 0) hue = "thin";
            for (var q = 0; q < axis.Kernel; q++)
            {
                var x = (p * axis.Stride) + axis.Offset(q);
                var (from, to) = (layout.AcrossOutput(axis, p), layout.Across(axis, x));
                picture.Line(from, y, to, below, $"edge {hue}{(x < 0 || x >= axis.Input ? " padded" : "")}");
                letters.Add((from + (part * (to - from)), WeightLetters.Of(panel.WeightOf(p, q)), hue == "thin" ? "faint" : hue));
            }
        }

        if (!layout.HasLetters(panel)) return;
        var row = y + (part * (below - y));
        foreach (var (x, letter, hue) in letters)
        {
            // Paper behind a letter, so that its edge does not go through it.
            picture.Rectangle(x - (4 * letter.Length) - 1.5, row - 8, (8 * letter.Length) + 3, 16, "paper");
            picture.Text(x, row + 4, letter, $"letter {hue}", "middle");
        }
    }

    private static void FullEdges(SvgPicture picture, AxisGeometry axis, ConnectionsLayout layout, double y, double below)
    {
        for (var p = 0; p < layout.OutputsShown(axis); p++)
        {
            for (var x = 0; x < Math.Min(axis.Input, layout.Shown(axis) - axis.PadLow); x++)
                picture.Line(layout.AcrossOutput(axis, p), y, layout.Across(axis, x), below, "edge thin");
        }
    }

    /// <summary>The second step: every s-th position goes on, the others were computed for nothing.</summary>
    private static void DownsamplingStep(SvgPicture picture, AxisGeometry strided, AxisGeometry everyPosition, ConnectionsLayout layout, double y)
    {
        picture.Text(Margin, y + 4, "output", "faint");
        var outputs = layout.OutputsShown(strided);
        for (var p = 0; p < outputs; p++)
        {
            var across = layout.AcrossOutput(everyPosition, p * strided.Stride);
            picture.Line(across, y, across, y + 80, "edge kept");
            Unit(picture, across, y, p, "unit");
        }

        if (outputs < strided.Output) Rest(picture, layout.AcrossOutput(strided, outputs - 1), y, strided.Output);
    }

    private static void Unit(SvgPicture picture, double x, double y, int number, string style)
    {
        picture.Circle(x, y, ConnectionsLayout.Radius, style);
        picture.Text(x, y + 4, Number(number), "ink small", "middle");
    }

    private static void Rest(SvgPicture picture, double x, double y, int all) =>
        picture.Text(x + ConnectionsLayout.Radius + 8, y + 4, $"… of {Number(all)}", "faint");

    private static string Counts(ConnectionsPanel panel, ConnectionsLayout layout)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{panel.Weights} {(panel.Weights == 1 ? "weight" : "weights")}, {panel.Connections} connections");
        var unread = panel.Axis.Input <= MostCounted ? panel.Axis.UnreadInputs() : 0;
        if (panel.Kind == ConnectionsKind.Full) return text + (panel.Weights > 1 ? ", each with a weight of its own" : "");
        if (panel.Kind == ConnectionsKind.TwoSteps) text = string.Create(CultureInfo.InvariantCulture, $"{panel.Axis.Output} of {ConnectionsLayout.Drawn(panel).Output} computed positions are kept");
        else if (unread > 0) text += string.Create(CultureInfo.InvariantCulture, $"; {unread} of {panel.Axis.Input} inputs are never read (grey)");
        if (IsCut(panel, layout)) text += string.Create(CultureInfo.InvariantCulture, $"; the first {layout.OutputsShown(panel.Axis)} of {panel.Axis.Output} outputs shown");
        return layout.HasLetters(panel) ? text : text + "; edges too close for letters";
    }

    private static string SizesOf(AxisGeometry axis)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"input {axis.Input}, output {axis.Output}, kernel {axis.Kernel}, stride {axis.Stride}");
        if (axis.Dilation > 1) text += string.Create(CultureInfo.InvariantCulture, $", dilation {axis.Dilation}");
        text += axis.PadLow + axis.PadHigh == 0 ? ", no padding" : string.Create(CultureInfo.InvariantCulture, $", padding {axis.PadLow} before and {axis.PadHigh} after");
        return axis.Flip ? text + ", flipped" : text;
    }

    private static string Legend(IReadOnlyList<ConnectionsPanel> panels, ConnectionsLayout layout)
    {
        var text = panels.Any(layout.HasLetters) ? "Same letter: same weight; same colour: same kernel." : "Same colour: same kernel.";
        return panels.Any(panel => panel.Kind != ConnectionsKind.Full && panel.Axis.PadLow + panel.Axis.PadHigh > 0) ? text + " Dashed: padding, which reads as zero." : text;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
