using System.Globalization;
using Tessera.Connections;

namespace Tessera.Imaging;

/// <summary>
/// Which input channels each output channel sees (chapter figure 9.15): few channels as units with an edge for each connected pair, many as a
/// table with a dot for each pair, inputs down and outputs across, as LeNet's is printed. A hue for each group; of a table one.
/// </summary>
public static class ChannelsFigure
{
    private const int MostUnits = 12;
    private const int MostInTable = 64;
    private const double Margin = 24;
    private const double Top = 62;
    private const double Left = 92;

    /// <summary>The figure as an SVG file's text, legible on light and dark.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="connections">The operator; its spatial axes do not matter here.</param>
    public static string ToSvg(string title, OperatorGeometry connections)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(connections);
        return Math.Max(connections.InputChannels, connections.OutputChannels) <= MostUnits ? Units(title, connections) : Table(title, connections);
    }

    /// <summary>Writes the figure as an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">The heading.</param>
    /// <param name="connections">The operator.</param>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, string title, OperatorGeometry connections) => SvgPicture.Write(path, ToSvg(title, connections));

    private static string Units(string title, OperatorGeometry connections)
    {
        const double spacing = 64;
        const double radius = 14;
        const double depth = 150;
        var (inputs, outputs) = (connections.InputChannels, connections.OutputChannels);
        var widest = Math.Max(inputs, outputs);
        var picture = new SvgPicture(Math.Max(480, Left + (widest * spacing) + Margin), Top + depth + 96, title, FigureStyle.Rules);
        Head(picture, title, connections);
        double Across(int channel, int channels) => Left + radius + ((channel + ((widest - channels) / 2.0)) * spacing);

        var (y, below) = (Top + 24 + radius, Top + 24 + radius + depth);
        picture.Text(Margin, y + 4, "outputs", "faint");
        picture.Text(Margin, below + 4, "inputs", "faint");
        for (var output = 0; output < outputs; output++)
        {
            for (var i = 0; i < connections.FanIn(output); i++)
                picture.Line(Across(output, outputs), y, Across(connections.InputChannel(output, i), inputs), below, "edge " + HueOf(connections, output));
        }

        for (var output = 0; output < outputs; output++) Unit(picture, Across(output, outputs), y, radius, output);
        for (var input = 0; input < inputs; input++) Unit(picture, Across(input, inputs), below, radius, input);
        return picture.ToString();
    }

    private static string Table(string title, OperatorGeometry connections)
    {
        var (inputs, outputs) = (Math.Min(connections.InputChannels, MostInTable), Math.Min(connections.OutputChannels, MostInTable));
        var cell = Math.Max(inputs, outputs) <= 32 ? 26.0 : 16.0;
        var labels = cell > 20 ? 1 : 8;
        const double left = 64;
        const double top = Top + 46;
        var picture = new SvgPicture(Math.Max(480, left + (outputs * cell) + Margin), top + (inputs * cell) + 24, title, FigureStyle.Rules);
        Head(picture, title, connections);
        picture.Text(left, top - 26, Shown("outputs", outputs, connections.OutputChannels) + " across, " + Shown("inputs", inputs, connections.InputChannels) + " down", "faint small");
        for (var output = 0; output <= outputs; output++)
        {
            var x = left + (output * cell);
            picture.Line(x, top, x, top + (inputs * cell), "grid");
            if (output < outputs && output % labels == 0) picture.Text(x + (cell / 2), top - 7, Number(output), "faint small", "middle");
        }

        for (var input = 0; input <= inputs; input++)
        {
            var y = top + (input * cell);
            picture.Line(left, y, left + (outputs * cell), y, "grid");
            if (input < inputs && input % labels == 0) picture.Text(left - 8, y + (cell / 2) + 4, Number(input), "faint small", "end");
        }

        for (var output = 0; output < outputs; output++)
        {
            for (var i = 0; i < connections.FanIn(output); i++)
            {
                var input = connections.InputChannel(output, i);
                if (input < inputs) picture.Circle(left + ((output + 0.5) * cell), top + ((input + 0.5) * cell), 0.3 * cell, "dot " + HueOf(connections, output));
            }
        }

        return picture.ToString();
    }

    private static void Head(SvgPicture picture, string title, OperatorGeometry connections)
    {
        picture.Text(Margin, 30, title, "ink title");
        var all = (long)connections.InputChannels * connections.OutputChannels;
        var kind = connections.Table is not null ? "table" : connections.Groups == 1 ? "dense" : connections.Groups == connections.InputChannels ? "depthwise" : string.Create(CultureInfo.InvariantCulture, $"{connections.Groups} groups");
        picture.Text(
            Margin, 49, string.Create(CultureInfo.InvariantCulture, $"{connections.InputChannels} input channels, {connections.OutputChannels} output channels, {kind}: {connections.PairCount} of {all} pairs connected"), "faint");
    }

    private static void Unit(SvgPicture picture, double x, double y, double radius, int number)
    {
        picture.Circle(x, y, radius, "unit");
        picture.Text(x, y + 4, Number(number), "ink small", "middle");
    }

    private static string HueOf(OperatorGeometry connections, int output) =>
        FigureStyle.Hue(connections.Table is null ? output / (connections.OutputChannels / connections.Groups) : 0);

    private static string Shown(string what, int shown, int all) =>
        shown == all ? what : string.Create(CultureInfo.InvariantCulture, $"{what} (the first {shown} of {all})");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
