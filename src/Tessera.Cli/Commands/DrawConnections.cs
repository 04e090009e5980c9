using System.CommandLine;
using System.Globalization;
using Tessera.Cli.Pictures;
using Tessera.Connections;
using Tessera.Files;
using Tessera.Imaging;
using Tessera.Operators;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw connections</c>: who reaches whom along one axis of an operator, with the letter of each connection's weight.</summary>
internal static class DrawConnections
{
    private const string Examples =
        """
        Inputs stand below, outputs above; the same letter is the same weight. Connections are a matter of each axis by itself, so of an operator
        with several axes one is drawn (--axis).

        Examples:
          tessera draw connections --kernel 2 --size 5 --compare               (unshared, tiled and shared)
          tessera draw connections --kernel 2 --size 5 --compare --full        (and fully connected)
          tessera draw connections --kernel 3 --size 5 --stride 2 --two-steps  (a stride, and the same in two steps)
          tessera draw connections --kernel 3 --size 8 --padding same --dilation 2 --tile 2
          tessera draw connections --kernel 3 --size 6 --padding 2,1 --tile unshared --out figure.svg
          tessera draw connections --spec operator.json --size 28,28 --axis 1  (the operator as for 'tessera apply')
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var kernel = CommandOptions.Whole("--kernel", "Kernel size; 3 if left out.", 1);
        var size = CommandOptions.SizesOf("--size", "Input size, one number, or one per axis of a --spec; 6 if left out.");
        var stride = CommandOptions.Whole("--stride", "Stride; 1 if left out.", 1);
        var dilation = CommandOptions.Whole("--dilation", "The distance between neighbouring kernel elements; 1 if left out.", 1);
        var padding = new Option<string?>("--padding") { Description = "valid, same, same-lower, full, or numbers of zeros before and after, such as 2,1; valid if left out.", HelpName = "padding" };
        var tile = new Option<string?>("--tile") { Description = "How many kernels take turns: a number, shared (1) or unshared; shared if left out.", HelpName = "number|shared|unshared" };
        var flip = new Option<bool>("--flip") { Description = "Lay the kernel backwards over the input: convolution in the mathematical sense." };
        var spec = new Option<string?>("--spec") { Description = "The operator, a JSON file as 'tessera apply' takes it, in place of the options above.", HelpName = "FILE.json" };
        var axis = CommandOptions.Whole("--axis", "Which axis of a --spec to draw, from 0; 0 if left out.", 0);
        var compare = new Option<bool>("--compare") { Description = "Draw unshared, tiled and shared beneath each other." };
        var full = new Option<bool>("--full") { Description = "Draw full connections beneath, for comparison." };
        var twoSteps = new Option<bool>("--two-steps") { Description = "Draw beneath how a stride is every position followed by downsampling." };
        var output = PictureFile.Option();
        var command = new Command("connections", "Draw who is connected to whom along one axis of an operator, and who carries the same weight.")
        {
            kernel, size, stride, dilation, padding, tile, flip, spec, axis, compare, full, twoSteps, output,
        };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var file = parsed.GetValue(spec);
            if (file is not null)
            {
                Option[] own = [kernel, stride, dilation, padding, tile, flip];
                if (Array.Find(own, option => parsed.GetResult(option) is { Implicit: false }) is { } twice) throw new UsageException($"{twice.Name}: the operator comes from --spec {file}; leave out one of the two.");
            }

            var description = file is not null ? ConvolutionJson.Read(file) : new ConvolutionDescription
            {
                Kernel = [parsed.GetValue(kernel) ?? 3],
                Outputs = 1,
                Stride = [parsed.GetValue(stride) ?? 1],
                Dilation = [parsed.GetValue(dilation) ?? 1],
                Padding = PaddingOf(parsed.GetValue(padding)),
                Sharing = SharingOf(parsed.GetValue(tile)),
                Flip = parsed.GetValue(flip),
            };
            var path = PictureFile.Check(parsed.GetValue(output), "connections.svg");
            var one = AxisOf(description, parsed.GetValue(size) ?? [6], parsed.GetValue(axis) ?? 0);
            ConnectionsFigure.Write(path, "Connections and their weights", Panels(one, parsed.GetValue(compare), parsed.GetValue(full), parsed.GetValue(twoSteps)));
            return PictureFile.Written(session, path);
        });
        return command;
    }

    private static AxisGeometry AxisOf(ConvolutionDescription description, Sizes size, int axis)
    {
        if (axis >= description.Rank) throw new UsageException($"--axis: the operator has {description.Rank} {(description.Rank == 1 ? "axis" : "axes")}; give a number from 0 to {description.Rank - 1}.");
        if (size.Count == 1) size = Sizes.Repeat(size[0], description.Rank);
        if (size.Count != description.Rank) throw new UsageException($"--size: {size.Count} sizes for {description.Rank} axes; give one for all, or one per axis.");

        // Along an axis channels make no difference: one of each group (or as many as a table sees) does.
        var channels = description.Channels.ConnectionTable?.LeastInputs ?? Math.Max(1, description.Channels.GroupCount);
        return description.Resolve(channels, size, "connections").Axes[axis];
    }

    private static List<ConnectionsPanel> Panels(AxisGeometry axis, bool compare, bool full, bool twoSteps)
    {
        if (twoSteps && axis.Stride == 1) throw new UsageException("--two-steps: the stride is 1, so there is no second step; give a --stride of 2 or more.");
        if (twoSteps && axis.Tile > 1) throw new UsageException("--two-steps: it is drawn of a shared kernel; leave out --tile.");
        List<ConnectionsPanel> panels = compare ? [.. ConnectionsPanel.Compare(axis)] : [new(axis)];
        if (twoSteps) panels.Add(new(axis) { Kind = ConnectionsKind.TwoSteps });
        if (full) panels.Add(new(axis) { Kind = ConnectionsKind.Full });
        return panels;
    }

    private static Padding PaddingOf(string? text)
    {
        switch (text)
        {
            case null or "valid": return Padding.Valid;
            case "same": return Padding.Same;
            case "same-lower": return Padding.SameLower;
            case "full": return Padding.Full;
        }

        var numbers = text.Split(',', StringSplitOptions.TrimEntries).Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        return numbers.Length is 1 or 2 && numbers.All(number => number >= 0)
            ? Padding.Explicit([numbers[0]], [numbers[^1]])
            : throw new UsageException($"--padding is '{text}'; give valid, same, same-lower, full, or one or two numbers of zeros, such as 2,1.");
    }

    private static Sharing SharingOf(string? text) => text switch
    {
        null or "shared" => Sharing.Shared,
        "unshared" => Sharing.Unshared,
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tile) && tile >= 1 => Sharing.Tiled([tile]),
        _ => throw new UsageException($"--tile is '{text}'; give a whole number of at least 1, shared or unshared."),
    };
}
