using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Tessera.Execution;
using Tessera.Execution.Inference;
using Tessera.Networks;
using Xunit;

namespace Tessera.Onnx.Tests.Conformance;

/// <summary>
/// Convnets that others trained and publish, against ONNX Runtime: the one that lies beside this file, and those in the folder that
/// TESSERA_MODELS names, where it names one; `.ci/run` fetches them where it can.
/// </summary>
public class RealModelTests
{
    private const double Tolerance = 1e-4;

    /// <summary>For Winograd's rounding, which Exact leaves out, through sixty layers.</summary>
    private const double WideTolerance = 1e-3;

    /// <summary>Sizes for models that leave them open.</summary>
    private static readonly Dictionary<string, Sizes> Shapes = new(StringComparer.Ordinal)
    {
        ["ch_PP-OCRv4_det_infer.onnx"] = [3, 320, 320],
        ["ch_PP-OCRv4_rec_infer.onnx"] = [3, 48, 320],
        ["ch_ppocr_mobile_v2.0_cls_infer.onnx"] = [3, 48, 192],
    };

    public static TheoryData<string> Models()
    {
        var data = new TheoryData<string> { Path.Combine(AppContext.BaseDirectory, "Conformance", "blazeface-front-128.onnx") };
        if (Environment.GetEnvironmentVariable("TESSERA_MODELS") is not { Length: > 0 } folder) return data;
        foreach (var path in Directory.EnumerateFiles(folder, "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal)) data.Add(path);
        return data;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Outputs_agree_with_ONNX_Runtime(string path)
    {
        var imported = OnnxImport.Read(path, new OnnxImportOptions { InputShape = Shapes.GetValueOrDefault(Path.GetFileName(path)) });
        Sizes shape = [1, .. imported.Network.InputShape.AsSpan()];
        // The line detectors take pixels from 0 to 255; the others, from 0 to 1.
        var input = Noise(shape, Path.GetFileName(path).StartsWith("mlsd", StringComparison.Ordinal) ? 255 : 1);
        var plain = new NetworkExecution<float>(imported.Network, imported.Parameters, 1);
        var fused = new InferenceExecution<float>(imported.Network, imported.Parameters, 1, new ExecutionOptions { Exact = true });
        var fast = new InferenceExecution<float>(imported.Network, imported.Parameters, 1);
        var exact = new NetworkExecution<double>(imported.Network, InDouble(imported.Parameters), 1);
        plain.Forward(new ReadOnlyTensorSpan<float>(input, shape.ToLengths()));
        fused.Forward(new ReadOnlyTensorSpan<float>(input, shape.ToLengths()));
        fast.Forward(new ReadOnlyTensorSpan<float>(input, shape.ToLengths()));
        exact.Forward(new ReadOnlyTensorSpan<double>(Array.ConvertAll(input, static value => (double)value), shape.ToLengths()));
        using var session = new InferenceSession(path);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor(imported.InputName, new Microsoft.ML.OnnxRuntime.Tensors.DenseTensor<float>(input, [.. shape]))]);
        foreach (var result in results)
        {
            var layer = imported.Outputs.First(output => output.Name == result.Name).Layer;
            var theirs = result.AsEnumerable<float>().Select(static value => (double)value).ToArray();
            var truth = Numbers(exact.Activation(layer));
            foreach (var (ours, tolerance) in new[] { (Numbers(plain.Activation(layer)), Tolerance), (Numbers(fused.Activation(layer)), Tolerance), (Numbers(fast.Activation(layer)), WideTolerance) })
            {
                // ONNX Runtime's own logistic function is off by 1e-7 whatever its size, which is much for what is nearly 0: there the same network in double decides.
                var largest = theirs.Max(Math.Abs);
                var worst = Math.Min(FurthestOfKept(ours, theirs), FurthestOfKept(ours, truth));
                Assert.True(worst <= tolerance * largest, $"{result.Name}: off by {worst} of {largest}");
                Assert.True(Furthest(ours, theirs) <= 2e-3 * Math.Max(largest, 1e-2), $"{result.Name}: off by {Furthest(ours, theirs)} of {largest} from ONNX Runtime");
            }
        }
    }

    /// <summary>The line detectors put zeros where a score is no local maximum: of two that are equal but for rounding, either may stay, and the looser bound holds for it.</summary>
    private static double FurthestOfKept(double[] some, double[] others) => some.Zip(others, static (one, other) => (one == 0) == (other == 0) ? Math.Abs(one - other) : 0).Max();

    private static double Furthest(double[] some, double[] others) => some.Zip(others, static (one, other) => Math.Abs(one - other)).Max();

    private static double[] Numbers<T>(ReadOnlyTensorSpan<T> tensor)
        where T : struct, System.Numerics.INumber<T>
    {
        var numbers = new T[tensor.FlattenedLength];
        tensor.FlattenTo(numbers);
        return Array.ConvertAll(numbers, double.CreateChecked);
    }

    private static float[] Noise(Sizes shape, float scale)
    {
        var numbers = new float[shape.Product];
        var random = new RandomSource(7, 1);
        for (var index = 0; index < numbers.Length; index++) numbers[index] = (float)random.NextDouble() * scale;
        return numbers;
    }

    private static NetworkParameters<double> InDouble(NetworkParameters<float> parameters)
    {
        var copy = NetworkParameters<double>.Zero(parameters.Network);
        for (var index = 0; index < copy.Count; index++) TensorPrimitives.ConvertChecked<float, double>(parameters[index].Span, copy[index].Span);
        return copy;
    }
}
