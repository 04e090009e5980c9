using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Onnx.Format;
using Tessera.Onnx.Tests.Export;
using Xunit;

namespace Tessera.Onnx.Tests.Import;

/// <summary>Models of a few nodes as others write them: from x to y, held against ONNX Runtime.</summary>
internal static class SmallModel
{
    /// <summary>A model of one input and its bytes.</summary>
    public static byte[] Of(int opset, Sizes input, IReadOnlyList<OnnxNode> nodes, params OnnxTensor[] initialisers) => Of(opset, [("x", input)], nodes, initialisers);

    /// <summary>A model of these inputs, each with its whole shape; a size of 0 is left open.</summary>
    public static byte[] Of(int opset, IReadOnlyList<(string Name, Sizes Shape)> inputs, IReadOnlyList<OnnxNode> nodes, params OnnxTensor[] initialisers) => ModelWriter.Write(new OnnxModel(new OnnxGraph(
        "small",
        nodes,
        initialisers,
        [.. inputs.Select(static input => new OnnxValue(input.Name, OnnxElement.Float, [.. input.Shape.Select(static (size, axis) => size > 0 ? new OnnxDimension(size, null) : new OnnxDimension(null, axis == 0 ? "N" : "open"))]))],
        [new OnnxValue("y", OnnxElement.Float, null)]))
    {
        IrVersion = 8,
        Opset = opset,
    }).ToArray();

    public static OnnxNode Node(string type, IReadOnlyList<string> inputs, string output = "y", params OnnxAttribute[] attributes) => new(type, inputs, [output]) { Attributes = attributes };

    public static OnnxAttribute Numbers(string name, params long[] numbers) => OnnxAttribute.Of(name, (IReadOnlyList<long>)numbers);

    public static OnnxTensor Integers(string name, Sizes shape, params long[] numbers) => OnnxTensor.Of(name, numbers) with { Dimensions = [.. shape] };

    public static float[] Noise(long count, long seed)
    {
        var random = new RandomSource(seed, 31);
        return [.. Enumerable.Range(0, (int)count).Select(_ => (float)((random.NextDouble() * 4) - 2))];
    }

    /// <summary>What the network gives for a batch of samples, one after another.</summary>
    public static (float[] Values, Sizes Shape) Run(ImportedNetwork imported, float[] samples)
    {
        var execution = new NetworkExecution<float>(imported.Network, imported.Parameters, samples.Length / (int)imported.Network.InputShape.Product);
        var output = execution.Forward(new ReadOnlyTensorSpan<float>(samples, execution.InputShape.ToLengths()));
        var values = new float[output.FlattenedLength];
        output.FlattenTo(values);
        return (values, Sizes.Of(output.Lengths));
    }

    /// <summary>Imports a model for one example, and holds it against ONNX Runtime: one example, and each of three in one batch.</summary>
    public static ImportedNetwork AgreesWithRuntime(byte[] model, long seed, OnnxImportOptions? options = null)
    {
        var imported = OnnxImport.Parse(model, "small", options);
        float[][] samples = [.. Enumerable.Range(0, 3).Select(n => Noise(imported.Network.InputShape.Product, seed + n))];
        var each = samples.Select(sample => OfRuntime(model, imported, sample)).ToArray();
        Near(each[0], Run(imported, samples[0]).Values);
        Near([.. each.SelectMany(static values => values)], Run(imported, [.. samples.SelectMany(static sample => sample)]).Values);
        return imported;
    }

    public static void Near(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var index = 0; index < expected.Length; index++) Assert.True(Math.Abs(expected[index] - actual[index]) <= 1e-4f * Math.Max(1, Math.Abs(expected[index])), FormattableString.Invariant($"output {index}: {expected[index]} in ONNX Runtime, {actual[index]} here"));
    }

    private static float[] OfRuntime(byte[] model, ImportedNetwork imported, float[] sample)
    {
        using var session = ExportedModel.Session(model);
        using var run = new RunOptions();
        var start = 0;
        var values = new List<OrtValue>();
        foreach (var (_, shape) in imported.Inputs)
        {
            values.Add(OrtValue.CreateTensorValueFromMemory(sample[start..(start += (int)shape.Product)], [1, .. shape.Select(static size => (long)size)]));
        }

        using var outputs = session.Run(run, [.. imported.Inputs.Select(static input => input.Name)], values, session.OutputNames);
        foreach (var value in values) value.Dispose();
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
