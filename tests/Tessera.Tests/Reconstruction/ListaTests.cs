using CsCheck;
using Tessera.Connections;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public class ListaTests
{
    public static TheoryData<string> Sharings { get; } = ["shared", "tiled", "unshared"];

    [Fact]
    public void Untrained_it_is_ista() => SparseExample.Any.Where(example => example.Operator.InputShape.Product < 400).Holds(
        example =>
        {
            var description = example.Description with { Inference = SparseInference.Ista, Iterations = 1 + (example.Operator.Seed % 4) };
            var coder = new SparseCoder<double>(description, example.Batch, new() { Seed = 4 });
            var (x, z) = (example.Samples<double>(), new double[example.Batch * coder.CodeShape.Product]);
            coder.Encode(x, z);
            var parameters = Lista.Create<double>(description, description.Iterations, coder.Dictionary, coder.Curvature);
            var network = new NetworkExecution<double>(parameters.Network, parameters, example.Batch);
            var output = new FlatExecution<double>(network).Forward(x).ToArray();
            Assert.Equal(description.CodeShape, network.OutputShape.From(1));
            OperatorResults.Close(z, output);
        },
        iterations: 40);

    [Theory]
    [MemberData(nameof(Sharings))]
    public void Trained_it_comes_nearer_to_the_codes_than_ista_and_fista_in_as_many_steps(string sharing)
    {
        const int Count = 300, Steps = 3;
        var description = new SparseCodingDescription
        {
            InputShape = [1, 20],
            Operator = new()
            {
                Kernel = [5],
                Outputs = 4,
                Padding = Padding.Full,
                Stride = sharing == "unshared" ? [4] : [],
                Sharing = sharing switch { "shared" => Sharing.Shared, "tiled" => Sharing.Tiled([2]), _ => Sharing.Unshared },
            },
            Sparsity = 0.2,
            Iterations = 400,
        };
        var converged = new SparseCoder<float>(description, Count, new() { Seed = 9 });
        var random = new RandomSource(8);
        var codes = new float[Count * converged.CodeShape.Product];
        foreach (ref var code in codes.AsSpan()) code = random.NextInt(12) == 0 ? (float)random.NextNormal() * 2 : 0;
        var samples = new float[Count * 20];
        converged.Decode(codes, samples);
        converged.Encode(samples, codes);

        var start = Lista.Create<float>(description, Steps, converged.Dictionary, converged.Curvature);
        var trainer = new Trainer<float>(
            new ModelDescription(
                start.Network, new TrainingDescription { Epochs = 60, BatchSize = 25, Loss = new MeanSquaredError(), Optimiser = new Adam { LearningRate = 0.003 }, Threads = 1 }, new DataDescription()),
            Dataset.Create(samples, [1, 20], codes, converged.CodeShape));
        trainer.Parameters.CopyFrom(start);
        trainer.Run(cancellation: TestContext.Current.CancellationToken);

        // On examples that training has not seen.
        foreach (ref var code in codes.AsSpan()) code = random.NextInt(12) == 0 ? (float)random.NextNormal() * 2 : 0;
        converged.Decode(codes, samples);
        converged.Encode(samples, codes);
        var network = new NetworkExecution<float>(start.Network, trainer.Parameters, Count);
        var learnt = Distance(new FlatExecution<float>(network).Forward(samples).ToArray(), codes);
        var (ista, fista) = (At(SparseInference.Ista), At(SparseInference.Fista));
        TestContext.Current.TestOutputHelper?.WriteLine($"{sharing}: squared distance {learnt:F4} learnt, {ista:F4} ista, {fista:F4} fista");
        Assert.True(learnt < 0.8 * Math.Min(ista, fista), $"{learnt}, ista {ista}, fista {fista}");

        double At(SparseInference inference)
        {
            var coder = new SparseCoder<float>(description with { Inference = inference, Iterations = Steps }, Count, new() { Seed = 9 });
            var found = new float[codes.Length];
            coder.Encode(samples, found);
            return Distance(found, codes);
        }
    }

    [Fact]
    public void Bad_settings_are_told()
    {
        var description = new SparseCodingDescription { Name = "small", InputShape = [1, 9], Operator = new() { Kernel = [3], Outputs = 2 } };
        Tell("small: learnt inference of 0 steps; it must be 1 or more.", () => Lista.Describe(description, 0));
        Tell("small: a dictionary of 5 elements for 2×1×3; give 6.", () => Lista.Create<float>(description, 2, new float[5], 1));
        Tell("small: a curvature of 0; give the largest eigenvalue", () => Lista.Create<float>(description, 2, new float[6], 0));

        static void Tell(string message, Action wrong) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(wrong).Message, StringComparison.Ordinal);
    }

    private static double Distance(float[] a, float[] b) => FixedSums.SquaredDistance<float>(a, b) / a.Length;
}
