using Tessera.Connections;

namespace Tessera.Imaging;

/// <summary>
/// Where things stand in a figure of connections: how far apart units are, how many of them are shown, and at what part of every edge its
/// letter stands. The k edges of each output lie δ apart at the inputs, and outputs s apart; at a part (s/k + m·s) / δ of the way from the outputs,
/// for any whole m, all edges of all outputs therefore pass at places s/k apart, one at each. There the letters form a row.
/// </summary>
internal sealed class ConnectionsLayout
{
    public const double Left = 92;
    public const double Radius = 12;
    private const int MostUnits = 32;
    private const double Widest = 2200;
    private const double WidestSpacing = 132;
    private const double LetterHeight = 16;

    /// <summary>For panels that stand beneath each other with the same distance between units.</summary>
    /// <exception cref="ArgumentException">A kernel reaches over more units than can be drawn.</exception>
    public ConnectionsLayout(IReadOnlyList<ConnectionsPanel> panels)
    {
        // Few units may stand wide apart.
        Spacing = Math.Clamp(640.0 / panels.Max(panel => panel.Axis.PadLow + panel.Axis.Input + (double)panel.Axis.PadHigh), 44, 76);

        // Letters may ask for more, as long as a whole kernel can still be shown; else they are left out.
        var reach = panels.Max(panel => Drawn(panel).DilatedKernel);
        foreach (var panel in panels.Where(panel => panel.Kind != ConnectionsKind.Full))
        {
            var wanted = (LetterWidth(panel) + 6) / GapBetweenLetters(Drawn(panel));
            if (wanted <= WidestSpacing && reach * wanted <= Widest) Spacing = Math.Max(Spacing, wanted);
        }

        Units = Math.Min(MostUnits, (int)(Widest / Spacing));
        foreach (var axis in panels.Select(Drawn))
        {
            if (axis.DilatedKernel > Units)
                throw new ArgumentException($"connections: a kernel that reaches over {axis.DilatedKernel} units cannot be drawn, {Units} are the most here; use a smaller kernel or dilation.", nameof(panels));
        }
    }

    /// <summary>The distance between neighbouring units.</summary>
    public double Spacing { get; }

    /// <summary>The most units in a row.</summary>
    public int Units { get; }

    /// <summary>The axis whose kernel is drawn: of two steps, that of the first.</summary>
    public static AxisGeometry Drawn(ConnectionsPanel panel) => panel.Kind == ConnectionsKind.TwoSteps
        ? panel.Axis with { Stride = 1, Tile = 1, Output = ((panel.Axis.Output - 1) * panel.Axis.Stride) + 1 }
        : panel.Axis;

    /// <summary>At what part of the way from an output the letters stand: not too near, where there is a choice.</summary>
    public static double Part(AxisGeometry axis)
    {
        var step = axis.Stride / (double)axis.Dilation;
        var part = step / axis.Kernel;
        if (part >= 0.16) return Math.Min(0.6, part);
        var further = part + (step * Math.Ceiling((0.2 - part) / step));
        return further <= 0.7 ? further : part;
    }

    /// <summary>Whether there is room for letters.</summary>
    public bool HasLetters(ConnectionsPanel panel) =>
        panel.Kind != ConnectionsKind.Full
        && Part(Drawn(panel)) * Depth(panel) >= Radius + LetterHeight - 4
        && Spacing * GapBetweenLetters(Drawn(panel)) >= LetterWidth(panel) + 1;

    /// <summary>How far outputs stand above inputs.</summary>
    public static double Depth(ConnectionsPanel panel) => panel.Kind == ConnectionsKind.Full
        ? 150
        : Math.Clamp(Math.Max(34 / Part(Drawn(panel)), 14.0 * Drawn(panel).DilatedKernel), 110, 400);

    /// <summary>The coordinates shown, from the first padded unit on: all of them, or as many as there is room for.</summary>
    public int Shown(AxisGeometry axis) => Math.Min(Units, axis.PadLow + axis.Input + axis.PadHigh);

    /// <summary>Where an input stands; negative ones are padding before the input.</summary>
    public double Across(AxisGeometry axis, double input) => Left + Radius + ((input + axis.PadLow) * Spacing);

    /// <summary>Where an output stands: above the middle of what it sees.</summary>
    public double AcrossOutput(AxisGeometry axis, int output) => Across(axis, (output * axis.Stride) - axis.PadLow + ((axis.DilatedKernel - 1) / 2.0));

    /// <summary>How many outputs are shown: those all of whose kernel is.</summary>
    public int OutputsShown(AxisGeometry axis) => Math.Min(axis.Output, ((Shown(axis) - axis.DilatedKernel) / axis.Stride) + 1);

    private static double GapBetweenLetters(AxisGeometry axis) => Math.Min(Part(axis) * axis.Dilation, axis.Stride / (double)axis.Kernel);

    private static double LetterWidth(ConnectionsPanel panel) => 8 * WeightLetters.Of((Math.Min(panel.KernelsCarried, MostUnits) * Math.Min(panel.Axis.Kernel, MostUnits)) - 1).Length;
}
