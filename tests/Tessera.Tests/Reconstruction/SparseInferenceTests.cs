using System.Numerics;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public class SparseInferenceTests
{
    [Fact]
    public void The_objective_never_rises_in_double() => SparseExample.Any.Holds(example => NeverRises<double>(example, 1e-12), iterations: 60);

    [Fact]
    public void The_objective_never_rises_in_float() => SparseExample.Any.Holds(example => NeverRises<float>(example, 1e-4), iterations: 60);

    [Fact]
    public void The_objective_is_that_of_the_sparse_matrix() => SparseExample.Any.Holds(
        example =>
        {
            var coder = example.Coder<double>();
            var (x, z) = (example.Samples<double>(), new double[example.Batch * coder.CodeShape.Product]);
            coder.Encode(x, z);
            var told = new double[example.Batch];
            coder.Objective(x, z, told);
            for (var n = 0; n < example.Batch; n++) Assert.Equal(Exact(coder, Part(x, n, example.Batch), Part(z, n, example.Batch)), told[n], 1e-9);
        },
        iterations: 40);

    [Fact]
    public void Long_inference_meets_the_conditions_of_a_minimum() => RandomOperator.Any.Where(random => random.InputShape.Product < 200).Holds(
        random =>
        {
            foreach (var (inference, nonNegative) in new[] { (SparseInference.Fista, false), (SparseInference.Backtracking, true) })
            {
                var example = new SparseExample(random, new()
                {
                    InputShape = random.InputShape.From(1),
                    Operator = random.Description,
                    Inference = inference,
                    NonNegative = nonNegative,
                    Sparsity = 0.3,
                    Iterations = 1500,
                });
                var coder = example.Coder<double>();
                var (x, z) = (example.Samples<double>(), new double[example.Batch * coder.CodeShape.Product]);
                coder.Encode(x, z);
                var matrix = Matrix(coder);
                for (var n = 0; n < example.Batch; n++)
                {
                    var code = Part(z, n, example.Batch);
                    var image = matrix.MultiplyTransposed(code);
                    var slope = matrix.Multiply([.. Part(x, n, example.Batch).Zip(image, (a, b) => a - b)]);
                    for (var i = 0; i < code.Length; i++)
                    {
                        var missed = code[i] != 0 ? Math.Abs(slope[i] - (0.3 * Math.Sign(code[i]))) : Math.Max(0, (nonNegative ? slope[i] : Math.Abs(slope[i])) - 0.3);
                        Assert.True(missed < 3e-3, $"{inference}: unit {i} at {code[i]} has slope {slope[i]}");
                        Assert.True(!nonNegative || code[i] >= 0);
                    }
                }
            }
        },
        iterations: 15);

    [Fact]
    public void An_example_has_the_same_codes_in_any_batch_and_on_any_number_of_threads() => SparseExample.Any.Holds(
        example =>
        {
            var (coder, threaded) = (example.Coder<float>(), example.Coder<float>(3));
            var x = example.Samples<float>();
            var (z, other) = (new float[example.Batch * coder.CodeShape.Product], new float[example.Batch * coder.CodeShape.Product]);
            coder.Encode(x, z);
            threaded.Encode(x, other);
            Assert.Equal(z, other);
            // With the last example replaced the others stay as they were.
            Part(x, example.Batch - 1, example.Batch).AsSpan().Clear();
            x.AsSpan(x.Length - (x.Length / example.Batch)).Fill(0.25f);
            coder.Encode(x, other);
            var kept = z.Length - (z.Length / example.Batch);
            Assert.Equal(z[..kept], other[..kept]);
        },
        iterations: 30);

    [Fact]
    public void Fista_comes_lower_than_ista_in_as_many_steps()
    {
        double[] reached = [.. new[] { SparseInference.Fista, SparseInference.Backtracking, SparseInference.Ista }.Select(inference =>
        {
            var description = Small with { Inference = inference, Iterations = 40, Sparsity = 0.02 };
            var coder = new SparseCoder<double>(description, 4);
            var random = new RandomSource(3);
            double[] x = [.. Enumerable.Range(0, 4 * 144).Select(_ => random.NextNormal())];
            var trace = new double[41 * 4];
            coder.Encode(x, new double[4 * coder.CodeShape.Product], trace);
            return trace[^4..].Sum();
        })];
        Assert.True(reached[0] < 0.95 * reached[2], $"{reached[0]} {reached[2]}");
        Assert.True(reached[1] < 0.95 * reached[2], $"{reached[1]} {reached[2]}");
    }

    [Fact]
    public void Sparsity_above_the_largest_correlation_leaves_no_unit_active()
    {
        var coder = new SparseCoder<float>(Small with { Sparsity = 100 }, 1);
        var z = new float[coder.CodeShape.Product];
        coder.Encode([.. Enumerable.Repeat(1f, 144)], z);
        Assert.All(z, value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_dictionary_of_zeros_codes_nothing()
    {
        var coder = new SparseCoder<float>(Small, 1);
        coder.Dictionary.Clear();
        var z = new float[coder.CodeShape.Product];
        coder.Encode([.. Enumerable.Repeat(1f, 144)], z);
        Assert.All(z, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Values_that_are_not_numbers_end_too()
    {
        foreach (var inference in Enum.GetValues<SparseInference>())
        {
            var coder = new SparseCoder<float>(Small with { Inference = inference, Iterations = 3 }, 1);
            coder.Encode([.. Enumerable.Repeat(float.NaN, 144)], new float[coder.CodeShape.Product]);
            coder.Dictionary[0] = float.NaN;
            coder.Encode([.. Enumerable.Repeat(1f, 144)], new float[coder.CodeShape.Product]);
        }
    }

    [Fact]
    public void Encoding_allocates_nothing_after_the_first_time()
    {
        var coder = new SparseCoder<float>(Small, 2, null, new PlanOptions { Threads = 1 });
        var (x, z) = (new float[2 * 144], new float[2 * coder.CodeShape.Product]);
        x[5] = 1;
        coder.Encode(x, z);
        Assert.Equal(0, Allocations.Least(() => coder.Encode(x, z)));
    }

    [Theory]
    [InlineData("sparsity", "small: Sparsity is -0.5; it must be above 0")]
    [InlineData("nothing", "small: Sparsity is NaN; it must be above 0")]
    [InlineData("iterations", "small: Iterations is 0; it must be 1 or more")]
    [InlineData("inference", "small: Inference is 7; it must be one of fista, backtracking and ista")]
    [InlineData("kernel", "small: kernel 13 does not fit input 12")]
    public void Bad_settings_are_told(string what, string message)
    {
        var bad = what switch
        {
            "sparsity" => Small with { Sparsity = -0.5 },
            "nothing" => Small with { Sparsity = double.NaN },
            "iterations" => Small with { Iterations = 0 },
            "inference" => Small with { Inference = (SparseInference)7 },
            _ => Small with { Operator = Small.Operator with { Kernel = [13, 3], Padding = Padding.Valid } },
        };
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => new SparseCoder<float>(bad, 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rate", "dictionary learning: LearningRate is 0; it must be above 0 and at most 1")]
    [InlineData("decay", "dictionary learning: EnergyDecay is 1; it must be from 0 to less than 1")]
    [InlineData("unused", "dictionary learning: ReplaceUnusedAfter is -1; it must be 1 or more steps, or 0 for never")]
    public void Bad_settings_of_learning_are_told(string what, string message)
    {
        SparseCodingTraining bad = what switch { "rate" => new() { LearningRate = 0 }, "decay" => new() { EnergyDecay = 1 }, _ => new() { ReplaceUnusedAfter = -1 } };
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => new SparseCoder<float>(Small, 1, bad)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_length_is_told_with_both()
    {
        var coder = new SparseCoder<float>(Small, 2);
        Assert.StartsWith("small: 3 elements of samples for 2 of 1×12×12; give 288.", Assert.Throws<ArgumentException>(() => coder.Encode(new float[3], new float[3])).Message, StringComparison.Ordinal);
    }

    private static SparseCodingDescription Small { get; } = new()
    {
        Name = "small",
        InputShape = [1, 12, 12],
        Operator = new() { Kernel = [4, 4], Outputs = 6, Padding = Padding.Full },
    };

    private static void NeverRises<T>(SparseExample example, double rounding)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var coder = example.Coder<T>();
        var (x, z) = (example.Samples<T>(), new T[example.Batch * coder.CodeShape.Product]);
        int steps = example.Description.Iterations, batch = example.Batch;
        var trace = new double[(steps + 1) * batch];
        coder.Encode(x, z, trace);
        for (var i = batch; i < trace.Length; i++) Assert.True(trace[i] <= trace[i - batch], $"example {i % batch}, step {i / batch}: {trace[i - batch]} to {trace[i]}");
        for (var n = 0; n < batch; n++)
        {
            // What is told is true of the codes that are given, and begins at codes of 0.
            double[] sample = [.. Part(x, n, batch).Select(double.CreateChecked)], code = [.. Part(z, n, batch).Select(double.CreateChecked)];
            Assert.Equal(0.5 * sample.Sum(value => value * value), trace[n], 1e-4 * sample.Length);
            var exact = Exact(coder, sample, code);
            Assert.InRange(trace[^(batch - n)], exact - (rounding * (1 + exact)), exact + (rounding * (1 + exact)));
            Assert.True(exact < trace[n] || code.All(value => value == 0));
        }
    }

    private static double Exact<T>(SparseCoder<T> coder, double[] sample, double[] code)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var image = Matrix(coder).MultiplyTransposed(code);
        return (0.5 * sample.Zip(image, (a, b) => (a - b) * (a - b)).Sum()) + (coder.Description.Sparsity * code.Sum(Math.Abs));
    }

    private static SparseMatrix<double> Matrix<T>(SparseCoder<T> coder)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        SparseMatrix<double>.Of(coder.Description.Resolve(), [.. coder.Dictionary.ToArray().Select(double.CreateChecked)]);

    private static T[] Part<T>(T[] values, int n, int batch) => values.AsSpan(values.Length / batch * n, values.Length / batch).ToArray();
}
