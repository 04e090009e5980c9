using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public class DictionaryLearningTests
{
    private const int Batch = 24;

    public static TheoryData<string> Cases { get; } = [.. Tasks.Keys];

    private static Dictionary<string, SparseCodingDescription> Tasks => new()
    {
        ["1-D, shared"] = Task([1, 48], new() { Kernel = [9], Outputs = 3, Padding = Padding.Full }),
        ["1-D, tiled"] = Task([1, 48], new() { Kernel = [8], Outputs = 2, Sharing = Sharing.Tiled([2]), Padding = Padding.Full }),
        ["1-D, unshared"] = Task([1, 16], new() { Kernel = [8], Outputs = 2, Sharing = Sharing.Unshared, Stride = [4] }),
        ["2-D, shared"] = Task([1, 14, 14], new() { Kernel = [5, 5], Outputs = 3, Padding = Padding.Full }),
        ["2-D, tiled, strided"] = Task([2, 12, 12], new() { Kernel = [4, 4], Outputs = 2, Stride = [2, 2], Sharing = Sharing.Tiled([2, 2]) }),
        ["2-D, by table, padded"] = Task([3, 10, 10], new() { Kernel = [5, 5], Outputs = 4, Padding = Padding.Full, Channels = ChannelConnections.Table(ConnectionTable.Ring(3, 4, 2)) }),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_dictionary_that_made_the_data_is_found_again(string name)
    {
        var description = Tasks[name];
        var truth = new SparseCoder<float>(description, Batch, new() { Seed = 77 });
        if (!description.Operator.Sharing.IsUnshared) Narrow(truth);
        var coder = new SparseCoder<float>(description, Batch, new() { Seed = 5 });
        var samples = new float[Batch * description.InputShape.Product];
        var before = double.NaN;
        for (var step = 0; step < 120; step++)
        {
            Make(truth, samples, step);
            coder.Learn(samples, step);
            if (step == 0) before = Found(description, truth.Dictionary, coder.Dictionary);
        }

        var found = Found(description, truth.Dictionary, coder.Dictionary);
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {before:F3} then {found:F3}");
        Assert.True(found > 0.95, $"{name}: {before} then {found}");
    }

    [Fact]
    public void Filters_have_norm_1_after_every_step_whatever_the_operator() => SparseExample.Any.Holds(
        example =>
        {
            var coder = example.Coder<double>();
            var bank = new FilterBank(example.Description.Resolve());
            var x = example.Samples<double>();
            for (var step = 0; step < 3; step++)
            {
                for (var f = 0; f < bank.Count; f++)
                {
                    var square = FixedSums.Squares<double>(bank.Filter(coder.Dictionary, f));
                    Assert.True(Math.Abs(square - 1) < 1e-12 || square == 0, $"filter {f} has square {square}");
                }

                coder.Learn(x, step);
            }
        },
        iterations: 30);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Learning_lowers_the_objective(string name)
    {
        var description = Tasks[name];
        var samples = new double[Batch * description.InputShape.Product];
        var random = new RandomSource(2);
        foreach (ref var sample in samples.AsSpan()) sample = random.NextNormal();
        var coder = new SparseCoder<double>(description, Batch);
        coder.Learn(samples, 0);
        var before = Mean();
        for (var step = 1; step < 15; step++) coder.Learn(samples, step);
        Assert.True(Mean() < 0.99 * before, $"{name}: {before} to {Mean()}");

        double Mean()
        {
            var objectives = new double[(description.Iterations + 1) * Batch];
            coder.Encode(samples, new double[Batch * coder.CodeShape.Product], objectives);
            return objectives[^Batch..].Average();
        }
    }

    [Fact]
    public void A_training_goes_on_to_the_same_bits_on_any_number_of_threads()
    {
        var description = Tasks["2-D, tiled, strided"];
        var samples = new float[Batch * description.InputShape.Product];
        Make(new SparseCoder<float>(description, Batch), samples, 1);
        var whole = Learner(1);
        for (var step = 0; step < 30; step++) whole.Learn(samples, 0, step);
        var begun = Learner(3);
        for (var step = 0; step < 12; step++) begun.Learn(samples, 0, step);
        var resumed = Learner(2);
        foreach (var (from, to) in begun.Parameters.Concat(begun.State).Zip(resumed.Parameters.Concat(resumed.State))) from.Values.CopyTo(to.Values, 0);
        // Encoding between steps leaves no trace.
        resumed.Encode(samples, new float[Batch * description.CodeShape.Product]);
        for (var step = 12; step < 30; step++) resumed.Learn(samples, 0, step);
        Assert.Equal(whole.Parameters[0].Values, resumed.Parameters[0].Values);

        ILearner<float> Learner(int threads) => new SparseCoder<float>(description, Batch, new() { ReplaceUnusedAfter = 3 }, new PlanOptions { Threads = threads });
    }

    [Fact]
    public void A_filter_that_no_code_uses_is_drawn_anew_from_the_data()
    {
        var description = Tasks["1-D, shared"];
        var samples = new float[Batch * description.InputShape.Product];
        Make(new SparseCoder<float>(description, Batch), samples, 1);
        foreach (var after in new[] { 0, 4 })
        {
            var coder = new SparseCoder<float>(description, Batch, new() { ReplaceUnusedAfter = after, StartFromPatches = false });
            coder.Dictionary[..9].Clear();
            for (var step = 0; step < 4; step++) coder.Learn(samples, step);
            Assert.Equal(after == 0 ? 0 : 1, FixedSums.Squares<float>(coder.Dictionary[..9]), 1e-5);
        }
    }

    [Fact]
    public void A_filter_cut_off_by_its_kernel_moves_where_codes_can_follow()
    {
        Check(new() { Kernel = [5], Outputs = 1 }, [0, 0, 1, 2, 3], [0, 1, 2, 3, 0]);
        Check(new() { Kernel = [5], Outputs = 1 }, [4, 1, 0.01, 0, 0], [0, 4, 1, 0.01, 0]);
        Check(new() { Kernel = [5], Outputs = 1, Stride = [2] }, [0, 0, 0, 2, 3], [0, 2, 3, 0, 0]);
        Check(new() { Kernel = [5], Outputs = 1, Stride = [2] }, [0, 0, 1, 2, 0], [0, 0, 1, 2, 0]);
        Check(new() { Kernel = [5], Outputs = 1, Sharing = Sharing.Tiled([2]) }, [0, 0, 0, 2, 3, 1, 0, 1, 0, 1], [0, 2, 3, 0, 0, 1, 0, 1, 0, 1]);
        Check(new() { Kernel = [5], Outputs = 1, Sharing = Sharing.Unshared, Stride = [8] }, [0, 0, 0, 0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
        Check(new() { Kernel = [5], Outputs = 1, Stride = [2], Dilation = [2] }, [0, 0, 1, 2, 3], [0, 1, 2, 3, 0]);
        Check(new() { Kernel = [2, 3], Outputs = 1 }, [0, 0, 1, 0, 0, 1], [0, 1, 0, 0, 1, 0], [1, 4, 5]);

        static void Check(ConvolutionDescription description, double[] kernel, double[] expected, Sizes? input = null)
        {
            var geometry = new SparseCodingDescription { InputShape = input ?? [1, 13], Operator = description }.Resolve();
            new FilterCentring(geometry, new FilterBank(geometry)).Apply<double>(kernel);
            Assert.Equal(expected, kernel);
        }
    }

    [Fact]
    public void A_step_allocates_nothing_after_the_first()
    {
        var description = Tasks["2-D, by table, padded"];
        var samples = new float[Batch * description.InputShape.Product];
        Make(new SparseCoder<float>(description, Batch), samples, 1);
        var coder = new SparseCoder<float>(description, Batch, new() { ReplaceUnusedAfter = 1 }, new PlanOptions { Threads = 1 });
        coder.Learn(samples, 0);
        coder.Dictionary[..20].Clear();
        coder.Learn(samples, 1);
        Assert.Equal(0, Allocations.Least(() => coder.Learn(samples, 2)));
    }

    private static SparseCodingDescription Task(Sizes input, ConvolutionDescription @operator) => new() { InputShape = input, Operator = @operator, Sparsity = 0.2, Iterations = 30 };

    /// <summary>Leaves room for shifts: the outer elements of the true filters become 0, so that a shifted filter still fits its kernel.</summary>
    private static void Narrow(SparseCoder<float> truth)
    {
        var kernel = truth.Description.Operator.Kernel;
        for (var i = 0; i < truth.Dictionary.Length; i++)
        {
            for (int axis = kernel.Count - 1, rest = i; axis >= 0; rest /= kernel[axis], axis--)
            {
                if (kernel[axis] >= 5 && rest % kernel[axis] is var q && (q == 0 || q == kernel[axis] - 1)) truth.Dictionary[i] = 0;
            }
        }

        new FilterBank(truth.Description.Resolve()).Normalise(truth.Dictionary);
    }

    /// <summary>Examples of a known dictionary: few units, of magnitude 1 to 2.</summary>
    private static void Make(SparseCoder<float> truth, float[] samples, long key)
    {
        var random = new RandomSource(11, key);
        var codes = new float[Batch * truth.CodeShape.Product];
        var active = Math.Max(2, (int)(0.02 * truth.CodeShape.Product));
        var each = codes.Length / Batch;
        for (var n = 0; n < Batch; n++)
        {
            for (var i = 0; i < active; i++) codes[(n * each) + random.NextInt(each)] = (float)((1 + random.NextDouble()) * (random.NextInt(2) == 0 ? 1 : -1));
        }

        truth.Decode(codes, samples);
    }

    /// <summary>The mean over the true filters of the best |correlation| with a learnt one of the same tile, over all shifts.</summary>
    private static double Found(SparseCodingDescription description, ReadOnlySpan<float> truth, ReadOnlySpan<float> learnt)
    {
        // Correlations over all shifts are those of the images of units: all places of a filter against one unit of another.
        var geometry = description.Resolve();
        var images = SparseMatrix<float>.Of(geometry, truth);
        var others = SparseMatrix<float>.Of(geometry, learnt);
        var bank = new FilterBank(geometry);
        var best = new double[bank.Count];
        var rows = Enumerable.Range(0, images.RowCount).ToArray();
        var unit = new float[images.RowCount];
        var middle = new Dictionary<int, int>();
        foreach (var row in rows)
        {
            var filter = (bank.TileOf(row % bank.Positions) * bank.Outputs) + (row / bank.Positions);
            // The unit in the middle sees its whole filter.
            if (!middle.TryGetValue(filter, out var at) || images.RowStarts[row + 1] - images.RowStarts[row] > images.RowStarts[at + 1] - images.RowStarts[at]) middle[filter] = row;
        }

        foreach (var (filter, row) in middle)
        {
            Array.Clear(unit);
            unit[row] = 1;
            var image = images.MultiplyTransposed(unit);
            var products = others.Multiply(image);
            var length = TensorPrimitives.Norm<float>(image);
            best[filter] = products.Max(product => Math.Abs(product)) / length;
        }

        return best.Average();
    }
}
