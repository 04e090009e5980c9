using System.Numerics;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Onnx.Import;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

/// <summary>Runs an exported network in ONNX Runtime and here, and holds them against each other.</summary>
internal static class ExportedModel
{
    /// <summary>The largest difference that is taken for rounding, relative to the largest output (or 1).</summary>
    public const double Tolerance = 1e-4;

    /// <summary>The same between two networks here.</summary>
    public const double PlainTolerance = 1e-5;

    /// <summary>The network of a layer that has weights of every sign, biases and statistics among them.</summary>
    public static NetworkParameters<T> Parameters<T>(NetworkDescription network, long seed)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkParameters<T>.Create(network, seed);
        for (var index = 0; index < parameters.Count; index++)
        {
            var random = new RandomSource(seed, 100 + index);
            var role = parameters[index].Role;
            if (role == ParameterRole.Weight) continue;
            var isVariance = parameters[index].Description.Name == "variance";
            foreach (ref var value in parameters[index].Span) value += T.CreateChecked((float)(isVariance ? random.NextDouble() : (random.NextDouble() - 0.5) * 0.4));
        }

        return parameters;
    }

    /// <summary>Exports, runs and compares, over batches of 1 and more.</summary>
    public static void AgreesWithRuntime<T>(NetworkParameters<T> parameters, long seed, OnnxExportOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var stream = new MemoryStream();
        OnnxExport.Write(stream, parameters, options);
        using var session = Session(stream.ToArray());
        foreach (var batch in options?.Batch is { } fixedBatch ? [fixedBatch] : new[] { 1, 3 })
        {
            var execution = new NetworkExecution<T>(parameters.Network, parameters, batch);
            var random = new RandomSource(seed, 7, batch);
            var values = new T[execution.InputShape.Product];
            for (var index = 0; index < values.Length; index++) values[index] = T.CreateChecked((float)((random.NextDouble() * 4) - 2));
            execution.Forward(new ReadOnlyTensorSpan<T>(values, execution.InputShape.ToLengths()));
            var given = Run(session, [.. values.Select(float.CreateTruncating)], execution.InputShape);
            string[] names = [parameters.Network.Layers[^1].Name, .. parameters.Network.FurtherOutputs];
            Assert.Equal(names, session.OutputNames);
            for (var output = 0; output < names.Length; output++)
            {
                var expected = execution.Activation(names[output]);
                Assert.Equal(Sizes.Of(expected.Lengths), given[output].Shape);
                Close([.. Elements(expected).Select(double.CreateTruncating)], given[output].Values, Tolerance, "in ONNX Runtime");
            }
        }
    }

    /// <summary>Exports, and reads the layers and the bits of the weights back.</summary>
    public static void ComesBack(NetworkParameters<float> parameters, OnnxExportOptions? options = null)
    {
        Assert.True(TesseraModel.TryRead(OnnxExport.Model(parameters, options), out var read, out var taken), parameters.Network.ToString());
        Assert.Equal(parameters.Network, read);
        for (var index = 0; index < parameters.Count; index++) Assert.Equal(parameters[index].Span.ToArray(), taken[index].Span.ToArray());
    }

    /// <summary>Exports without a word of its layers, reads that as any other model, and compares what both networks give.</summary>
    public static void AgreesAsPlainModel(NetworkParameters<float> parameters, long seed, OnnxExportOptions? options = null)
    {
        using var stream = new MemoryStream();
        OnnxExport.Write(stream, parameters, (options ?? new OnnxExportOptions()) with { KeepLayers = false });
        var imported = OnnxImport.Parse(stream.ToArray());
        foreach (var batch in new[] { 1, 3 })
        {
            NetworkExecution<float> here = new(parameters.Network, parameters, batch), there = new(imported.Network, imported.Parameters, batch);
            var random = new RandomSource(seed, 8, batch);
            var values = new float[here.InputShape.Product];
            foreach (ref var value in values.AsSpan()) value = (float)((random.NextDouble() * 4) - 2);
            here.Forward(new ReadOnlyTensorSpan<float>(values, here.InputShape.ToLengths()));
            there.Forward(new ReadOnlyTensorSpan<float>(values, here.InputShape.ToLengths()));
            foreach (var (name, layer) in imported.Outputs)
            {
                Assert.Equal(Sizes.Of(here.Activation(name).Lengths), Sizes.Of(there.Activation(layer).Lengths));
                Close([.. Elements(here.Activation(name)).Select(static value => (double)value)], Elements(there.Activation(layer)), PlainTolerance, "as a plain model");
            }
        }
    }

    public static InferenceSession Session(byte[] model)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return new InferenceSession(model, options);
    }

    private static (float[] Values, Sizes Shape)[] Run(InferenceSession session, float[] input, Sizes shape)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(input, [.. shape.Select(static size => (long)size)]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, [session.InputNames[0]], [value], session.OutputNames);
        return [.. outputs.Select(static output => (output.GetTensorDataAsSpan<float>().ToArray(), Sizes.Create([.. output.GetTensorTypeAndShape().Shape.Select(static size => (int)size)])))];
    }

    private static T[] Elements<T>(in ReadOnlyTensorSpan<T> tensor)
    {
        var elements = new T[tensor.FlattenedLength];
        tensor.FlattenTo(elements);
        return elements;
    }

    private static void Close(double[] expected, float[] actual, double tolerance, string where)
    {
        var scale = Math.Max(1, expected.Max(Math.Abs));
        for (var index = 0; index < expected.Length; index++)
        {
            Assert.True(Math.Abs(expected[index] - actual[index]) <= tolerance * scale, FormattableString.Invariant($"output {index}: {expected[index]} here, {actual[index]} {where}"));
        }
    }
}
