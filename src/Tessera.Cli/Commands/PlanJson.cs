using System.Text.Json;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Reconstruction;

namespace Tessera.Cli.Commands;

/// <summary>A plan for machines: a line for each layer, one for each axis' outlook and wanted size, and a summary as the last.</summary>
internal static class PlanJson
{
    public static void Write(TextWriter output, NetworkPlan plan, IReadOnlyList<DepthOutlook> outlook, WantedOutput? wanted)
    {
        WriteParts(output, plan.Layers, outlook, wanted);
        JsonLines.WriteLine(output, writer =>
        {
            writer.WriteString("what", "summary");
            writer.WriteString("name", plan.Network.Name);
            writer.WriteSizes("input", plan.Network.InputShape);
            writer.WriteSizes("output", plan.Network.OutputShape(1).From(1));
            writer.WriteNumber("batch", plan.Batch);
            writer.WriteNumber("parameters", plan.Network.ParameterCount);
            writer.WriteNumber("multiplyAdds", plan.MultiplyAdds);
            WriteMemory(writer, "training", plan.Training);
            WriteMemory(writer, "inference", plan.Inference);
            writer.WriteBoolean("dropsInputs", plan.Layers.Any(layer => layer.DropsInputs));
        });
    }

    /// <summary>The same of a belief net or a sparse coder.</summary>
    public static void Write(TextWriter output, ReconstructionPlan plan, IReadOnlyList<DepthOutlook> outlook, WantedOutput? wanted)
    {
        WriteParts(output, plan.Layers, outlook, wanted);
        JsonLines.WriteLine(output, writer =>
        {
            writer.WriteString("what", "summary");
            writer.WriteString("name", plan.Encoder.Name);
            writer.WriteSizes("input", plan.Encoder.InputShape);
            writer.WriteSizes("code", plan.Encoder.OutputShape(1).From(1));
            writer.WriteNumber("batch", plan.Batch);
            writer.WriteNumber("parameters", plan.Parameters);
            writer.WriteNumber("multiplyAdds", plan.MultiplyAdds);
            WriteMemory(writer, "memory", plan.Memory);
            writer.WriteBoolean("dropsInputs", plan.Layers.Any(layer => layer.DropsInputs));
        });
    }

    private static void WriteParts(TextWriter output, IReadOnlyList<LayerPlan> layers, IReadOnlyList<DepthOutlook> outlook, WantedOutput? wanted)
    {
        foreach (var layer in layers) JsonLines.WriteLine(output, writer => WriteLayer(writer, layer));
        foreach (var axis in outlook)
        {
            JsonLines.WriteLine(output, writer =>
            {
                writer.WriteString("what", "depth");
                writer.WriteString("layer", axis.Layer);
                writer.WriteNumber("axis", axis.Axis);
                writer.WriteSizes("sizes", axis.Sizes);
                writer.WriteBoolean("goesOn", axis.GoesOn);
            });
        }

        for (var axis = 0; axis < (wanted?.Output.Count ?? 0); axis++)
        {
            JsonLines.WriteLine(output, writer =>
            {
                writer.WriteString("what", "inputSizes");
                writer.WriteString("layer", wanted!.Layer);
                writer.WriteNumber("axis", axis);
                writer.WriteNumber("output", wanted.Output[axis]);
                writer.WriteStartArray("inputSizes");
                foreach (var (first, last) in wanted.InputSizes[axis])
                {
                    writer.WriteStartArray();
                    writer.WriteNumberValue(first);
                    writer.WriteNumberValue(last);
                    writer.WriteEndArray();
                }

                writer.WriteEndArray();
            });
        }
    }

    private static void WriteLayer(Utf8JsonWriter writer, LayerPlan layer)
    {
        writer.WriteString("what", "layer");
        writer.WriteString("name", layer.Name);
        writer.WriteString("kind", layer.Kind);
        writer.WriteSizes("output", layer.OutputShape);
        writer.WriteStartArray("axes");
        foreach (var axis in layer.Axes) WriteAxis(writer, axis, layer.IsTransposed);
        writer.WriteEndArray();
        writer.WriteStartArray("receptiveField");
        foreach (var field in layer.ReceptiveField) writer.WriteNumberValue(field.Longest);
        writer.WriteEndArray();
        writer.WriteNumber("parameters", layer.Parameters);
        writer.WriteNumber("multiplyAdds", layer.MultiplyAdds);
        writer.WriteNumber("parameterBytes", layer.ParameterBytes);
        writer.WriteNumber("activationBytes", layer.ActivationBytes);
        writer.WriteNumber("workspaceBytes", layer.WorkspaceBytes);
    }

    private static void WriteAxis(Utf8JsonWriter writer, AxisGeometry axis, bool transposed)
    {
        writer.WriteStartObject();
        writer.WriteNumber("input", transposed ? axis.Output : axis.Input);
        writer.WriteNumber("output", transposed ? axis.Input : axis.Output);
        writer.WriteNumber("kernel", axis.Kernel);
        writer.WriteNumber("stride", axis.Stride);
        writer.WriteNumber("dilation", axis.Dilation);
        writer.WriteNumber("paddingLow", axis.PadLow);
        writer.WriteNumber("paddingHigh", axis.PadHigh);
        writer.WriteNumber("tile", axis.Tile);
        if (!transposed) writer.WriteNumber("inputsNeverRead", axis.UnreadInputs());
        writer.WriteEndObject();
    }

    private static void WriteMemory(Utf8JsonWriter writer, string key, MemoryPlan memory)
    {
        writer.WriteStartObject(key);
        writer.WriteNumber("activationBytes", memory.ActivationBytes);
        writer.WriteNumber("workspaceBytes", memory.WorkspaceBytes);
        writer.WriteNumber("parameterBytes", memory.ParameterBytes);
        writer.WriteNumber("gradientBytes", memory.GradientBytes);
        writer.WriteNumber("totalBytes", memory.TotalBytes);
        writer.WriteEndObject();
    }
}
