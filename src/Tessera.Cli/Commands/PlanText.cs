using System.Globalization;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Reconstruction;

namespace Tessera.Cli.Commands;

/// <summary>A plan for people: a table of the layers with their axes, then what follows from it in sentences.</summary>
internal static class PlanText
{
    public static void Write(TextWriter output, NetworkPlan plan, IReadOnlyList<DepthOutlook> outlook, WantedOutput? wanted)
    {
        var network = plan.Network;
        output.WriteLine($"{(network.Name.Length > 0 ? network.Name : "network")}: input {network.InputShape}, output {network.OutputShape(1).From(1)}; memory for a batch of {plan.Batch}, in float");
        output.WriteLine();
        WriteTable(output, plan.Layers);
        output.WriteLine();
        output.WriteLine($"Together {Count(network.ParameterCount)} parameters and {Count(plan.MultiplyAdds)} multiply-adds for each example.");
        output.WriteLine($"Memory to train {Bytes(plan.Training.TotalBytes)}: activations and their gradients {Bytes(plan.Training.ActivationBytes)} ({Bytes(plan.Training.UnsharedActivationBytes)} if none shared), parameters and gradients {Bytes(plan.Training.ParameterBytes + plan.Training.GradientBytes)}, workspace {Bytes(plan.Training.WorkspaceBytes)}. To run: {Bytes(plan.Inference.TotalBytes)}.");
        WriteReach(output, plan.Layers, layer => layer.Kind == "convolution");
        var convolutions = plan.Layers.Where(layer => layer.Kind == "convolution").ToArray();
        if (convolutions.Length > 0) output.WriteLine($"Of {convolutions.Length} {(convolutions.Length == 1 ? "convolution" : "convolutions")}, {convolutions.Count(layer => !layer.NeverMoves)} move their kernel.");
        WriteOutlook(output, outlook);
        if (wanted is not null) WriteWanted(output, wanted);
    }

    /// <summary>The same of a belief net or a sparse coder.</summary>
    public static void Write(TextWriter output, ReconstructionPlan plan, IReadOnlyList<DepthOutlook> outlook, WantedOutput? wanted)
    {
        var encoder = plan.Encoder;
        output.WriteLine($"{(encoder.Name.Length > 0 ? encoder.Name : "model")}: input {encoder.InputShape}, code {encoder.OutputShape(1).From(1)}; memory for a batch of {plan.Batch}, in float");
        output.WriteLine();
        WriteTable(output, plan.Layers);
        output.WriteLine();
        output.WriteLine($"Together {Count(plan.Parameters)} parameters and {Count(plan.MultiplyAdds)} multiply-adds for the code of each example.");
        output.WriteLine($"Memory {Bytes(plan.Memory.TotalBytes)}: images and codes {Bytes(plan.Memory.ActivationBytes)}, parameters and what they learn with {Bytes(plan.Memory.ParameterBytes + plan.Memory.GradientBytes)}, workspace {Bytes(plan.Memory.WorkspaceBytes)}.");
        WriteReach(output, plan.Layers, static layer => layer.Parameters > 0);
        WriteOutlook(output, outlook);
        if (wanted is not null) WriteWanted(output, wanted);
    }

    private static void WriteReach(TextWriter output, IReadOnlyList<LayerPlan> layers, Func<LayerPlan, bool> isConvolution)
    {
        foreach (var layer in layers.Where(layer => layer.DropsInputs)) output.WriteLine($"{layer.Name} never reads {Unread(layer)}.");
        foreach (var layer in layers.Where(layer => layer.NeverMoves && isConvolution(layer)))
        {
            output.WriteLine($"{layer.Name} has one position: its kernel never moves, so it is a full connection rather than a convolution.");
        }
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<LayerPlan> layers)
    {
        string[] heads = ["layer", "kind", "output", "weights", "multiply-adds", "weight memory", "activations", "workspace", "sees"];
        var rows = layers.Select(layer => (string[])
        [
            layer.Name,
            layer.Kind,
            layer.OutputShape.ToString(),
            Count(layer.Parameters),
            Count(layer.MultiplyAdds),
            Bytes(layer.ParameterBytes),
            Bytes(layer.ActivationBytes),
            Bytes(layer.WorkspaceBytes),
            string.Join('×', layer.ReceptiveField.Select(field => field.Longest)),
        ]).ToArray();
        var widths = heads.Select((head, column) => rows.Select(row => row[column].Length).Append(head.Length).Max()).ToArray();
        output.WriteLine(Line(heads));
        for (var row = 0; row < rows.Length; row++)
        {
            output.WriteLine(Line(rows[row]));
            foreach (var line in AxisLines(layers[row])) output.WriteLine("    " + line);
        }

        string Line(string[] cells) => string.Join("  ", cells.Select((cell, column) => column < 3 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd();
    }

    private static IEnumerable<string> AxisLines(LayerPlan layer)
    {
        if (layer.Axes.Count == 0) return [];
        var lines = layer.Axes.Select(axis => AxisLine(axis, layer.IsTransposed)).ToArray();
        return lines.Distinct().Count() == 1
            ? [(lines.Length == 1 ? "" : "each axis: ") + lines[0]]
            : lines.Select((line, axis) => $"axis {axis}: {line}");
    }

    private static string AxisLine(AxisGeometry axis, bool transposed)
    {
        var (from, to) = transposed ? (axis.Output, axis.Input) : (axis.Input, axis.Output);
        var line = $"{from} → {to}, kernel {axis.Kernel}";
        if (axis.Stride > 1) line += $", stride {axis.Stride}";
        if (axis.Dilation > 1) line += $", dilation {axis.Dilation} (reaching over {axis.DilatedKernel})";
        line += axis.PadLow + axis.PadHigh == 0 ? ", no padding" : $", padding {axis.PadLow} before and {axis.PadHigh} after";
        if (axis.Tile > 1) line += axis.Tile >= axis.Output ? ", unshared" : $", tile {axis.Tile}";
        if (transposed) return line + " (transposed)";
        var unread = axis.UnreadInputs();
        return line + (unread == 0 ? ", every input read" : $", {unread} of {axis.Input} inputs never read");
    }

    private static string Unread(LayerPlan layer) => string.Join(" and ", layer.Axes
        .Select((axis, number) => (Unread: axis.UnreadInputs(), axis.Input, Number: number))
        .Where(axis => axis.Unread > 0)
        .Select(axis => $"{axis.Unread} of {axis.Input} inputs on axis {axis.Number}"));

    private static void WriteOutlook(TextWriter output, IReadOnlyList<DepthOutlook> outlook)
    {
        foreach (var group in outlook.GroupBy(axis => (axis.Layer, axis.Kernel, axis.Sizes, axis.GoesOn)))
        {
            var where = outlook.Count == 1 ? "" : group.Count() == outlook.Count ? " on each axis" : $" on axis {string.Join(" and ", group.Select(axis => axis.Axis))}";
            var (layer, kernel, sizes, goesOn) = group.Key;
            output.WriteLine((goesOn, sizes.Count) switch
            {
                (true, 1) => $"Depth{where}: more layers like {layer} leave the size at {sizes[0]} or above it, so the network can go on for as many as wished.",
                (true, _) => $"Depth{where}: with more layers like {layer} the size falls {string.Join(" → ", sizes)} and then stays.",
                (false, 1) => $"Depth{where}: the network ends with {layer}: its size is {sizes[0]}, where another kernel of {kernel} like it does not fit; zero padding of {kernel - 1} a layer (same) would keep the size.",
                _ => $"Depth{where}: {sizes.Count - 1} more {(sizes.Count == 2 ? "layer" : "layers")} like {layer} can follow ({string.Join(" → ", sizes)}), then a kernel of {kernel} no longer fits.",
            });
        }
    }

    private static void WriteWanted(TextWriter output, WantedOutput wanted)
    {
        for (var axis = 0; axis < wanted.Output.Count; axis++)
        {
            var sizes = wanted.InputSizes[axis].Select(range =>
                range.Last >= InputSizeSearch.LargestSize ? $"{range.First} and above" : range.First == range.Last ? $"{range.First}" : $"{range.First} to {range.Last}").ToArray();
            output.WriteLine($"Axis {axis}: {wanted.Layer} has size {wanted.Output[axis]} for {(sizes.Length == 0 ? "no input size" : "input sizes " + string.Join(", ", sizes))}.");
        }
    }

    private static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB"),
    };
}
