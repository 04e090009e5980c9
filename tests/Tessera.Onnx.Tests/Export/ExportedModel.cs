using System.Numerics;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Tessera.Execution;
using Tessera.Networks;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

/// <summary>Runs an exported network in ONNX Runtime and here, and holds them against each other.</summary>
internal static class ExportedModel
{
    /// <summary>The largest difference that is taken for rounding, relative to the largest output (or 1).</summary>
    public const double Tolerance = 1e-4;

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
            var expected = new T[execution.OutputShape.Product];
            execution.Forward(new ReadOnlyTensorSpan<T>(values, execution.InputShape.ToLengths())).FlattenTo(expected);
            var (actual, shape) = Run(session, [.. values.Select(float.CreateTruncating)], execution.InputShape);
            Assert.Equal(execution.OutputShape, shape);
            Close([.. expected.Select(double.CreateTruncating)], actual);
        }
    }

    public static InferenceSession Session(byte[] model)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return new InferenceSession(model, options);
    }

    public static (float[] Values, Sizes Shape) Run(InferenceSession session, float[] input, Sizes shape)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(input, [.. shape.Select(static size => (long)size)]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, [session.InputNames[0]], [value], [session.OutputNames[0]]);
        var dimensions = outputs[0].GetTensorTypeAndShape().Shape;
        return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), [.. dimensions.Select(static size => (int)size)]);
    }

    private static void Close(double[] expected, float[] actual)
    {
        var scale = Math.Max(1, expected.Max(Math.Abs));
        for (var index = 0; index < expected.Length; index++)
        {
            Assert.True(Math.Abs(expected[index] - actual[index]) <= Tolerance * scale, FormattableString.Invariant($"output {index}: {expected[index]} here, {actual[index]} in ONNX Runtime"));
        }
    }
}
