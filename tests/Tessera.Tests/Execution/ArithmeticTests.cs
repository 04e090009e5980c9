using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Execution;
using Tessera.Execution.Inference;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Arithmetic between tensors against plain loops in double, over random shapes.</summary>
public class ArithmeticTests
{
    private static readonly Dictionary<string, (Layer Layer, Func<double, double, double> Function)> Pairs = new()
    {
        ["add"] = (new Add(), (x, y) => x + y),
        ["subtract"] = (new Subtract(), (x, y) => x - y),
        ["multiply"] = (new Multiply(), (x, y) => x * y),
        ["divide"] = (new Divide(), (x, y) => x / y),
        ["power"] = (new Power(), Math.Pow),
        ["minimum"] = (new Minimum(), Math.Min),
        ["maximum"] = (new Maximum(), Math.Max),
    };

    /// <summary>A shape with a batch, and one that is repeated to it, some sizes long enough for rows that are read where they stand.</summary>
    private static readonly Gen<(int[] Whole, int[] Part)> Shapes =
        from sizes in Gen.Frequency((6, Gen.Int[1, 5]), (1, Gen.Int[250, 1100])).Array[1, 4]
        from batch in Gen.Int[1, 3]
        from ones in Gen.Bool.Array[sizes.Length]
        from left in Gen.Int[0, sizes.Length]
        where sizes.Aggregate(1.0, (product, size) => product * size) < 20_000
        select ((int[])[batch, .. sizes], sizes.Select((size, axis) => ones[axis] ? 1 : size).Skip(left).ToArray());

    public static TheoryData<string> Names => [.. Pairs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Two_inputs_are_repeated_to_one_shape(string name) => Shapes.Sample(
        shapes =>
        {
            var (layer, function) = Pairs[name];
            var (whole, part) = shapes;
            foreach (var swapped in (bool[])[false, true])
            {
                Layer combined = layer with { Inputs = swapped ? ["c", "input"] : ["input", "c"] };
                var network = new NetworkDescription("n", Sizes.Create(whole).From(1), [new Constant(Sizes.Create(part)) { Name = "c" }, combined]);
                var (x, c, z) = Run<double>(network, whole[0]);
                for (var i = 0; i < z.Length; i++)
                {
                    var y = c[Place(i, whole, part)];
                    Assert.Equal(swapped ? function(y, x[i]) : function(x[i], y), z[i], 1e-12);
                }
            }
        },
        iter: 60,
        threads: 1);

    [Fact]
    public void Many_inputs_of_many_shapes_are_combined_from_the_first_to_the_last() => Gen.Select(Shapes, Gen.Bool).Sample(
        (shapes, first) =>
        {
            var (whole, part) = shapes;
            var squeezed = whole.Select((size, axis) => axis == 0 ? size : 1).ToArray();
            var network = new NetworkDescription(
                "n",
                Sizes.Create(whole).From(1),
                [
                    new Constant(Sizes.Create(part)) { Name = "c" },
                    new Reduce(ReduceFunction.Maximum, [.. Enumerable.Range(1, whole.Length - 1)]) { Name = "r", Inputs = ["input"] },
                    new Multiply { Inputs = first ? ["r", "c", "input"] : ["c", "input", "r"] },
                ]);
            var (x, c, z) = Run<double>(network, whole[0]);
            var block = x.Length / whole[0];
            for (var i = 0; i < z.Length; i++)
            {
                Assert.Equal(x[i] * c[Place(i, whole, part)] * x.AsSpan(i / block * block, block).ToArray().Max(), z[i], 1e-12);
            }
        },
        iter: 60,
        threads: 1);

    [Fact]
    public void Powers_of_one_number_equal_general_ones()
    {
        foreach (var power in (double[])[2, 3, 0.5, -1, 1, 0, 2.5])
        {
            var network = new NetworkDescription("n", [300], [new Constant([]) { Name = "c", InitialValue = power }, new Sigmoid { Name = "s", Inputs = ["input"] }, new Power { Inputs = ["s", "c"] }]);
            var execution = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), 2);
            var x = NetworkGradients.Random<double>([2, 300], 1, 1).ToDenseArray();
            var z = execution.Forward(x);
            for (var i = 0; i < x.Length; i++) Assert.Equal(Math.Pow(1 / (1 + Math.Exp(-x[i])), power), z[i], 1e-12);
        }
    }

    [Fact]
    public void What_is_no_number_goes_through_minimum_and_maximum()
    {
        var network = new NetworkDescription("n", [2], [new Constant([]) { Name = "c" }, new Minimum { Name = "a", Inputs = ["input", "c"] }, new Maximum { Inputs = ["a", "c"] }]);
        var z = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 1).Forward([float.NaN, -2]);
        Assert.Equal([float.NaN, 0], z.ToArray());
    }

    [Fact]
    public void Equal_inputs_give_the_gradient_to_the_first()
    {
        foreach (var layer in (Layer[])[new Minimum { Inputs = ["input", "c"] }, new Maximum { Inputs = ["input", "c"] }, new Minimum { Inputs = ["c", "input"] }, new Maximum { Inputs = ["c", "input", "c"] }])
        {
            var network = new NetworkDescription("n", [3], [new Constant([]) { Name = "c", IsTrained = true }, layer]);
            var execution = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1, new() { Training = true, InputGradient = true });
            execution.Forward([0, 0, 0]);
            execution.Backward([1, 2, 4]);
            var first = layer.Inputs[0] == "input";
            Assert.Equal(first ? [1, 2, 4] : [0, 0, 0], execution.InputGradient.ToArray());
            Assert.Equal(first ? 0 : 7, execution.Gradients[0].Span[0]);
        }
    }

    [Theory]
    [InlineData(InstructionSet.Best)]
    [InlineData(InstructionSet.Portable)]
    public void Matrix_products_are_sums_of_products(InstructionSet instructions) =>
        (from sizes in Gen.Frequency((4, Gen.Int[1, 9]), (1, Gen.Int[60, 150])).Array[3]
         from stack in Gen.Int[1, 3].Array[0, 2]
         from ones in Gen.Int[0, 3].Array[2]
         from batch in Gen.Int[1, 3]
         from swapped in Gen.Bool
         select (sizes, stack, ones, batch, swapped)).Sample(
            (sizes, stack, ones, batch, swapped) =>
            {
                var (a, b, c) = (sizes[0], sizes[1], sizes[2]);
                // The constant has fewer axes before its last two, or 1 on some.
                int[] part = [.. stack.Select((size, axis) => ones[axis] == 1 ? 1 : size).Skip(ones[0] == 2 ? 1 : 0)];
                int[] whole = [batch, .. stack];
                Sizes input = Sizes.Create([.. stack, .. swapped ? (int[])[b, c] : [a, b]]), given = Sizes.Create([.. part, .. swapped ? (int[])[a, b] : [b, c]]);
                var network = new NetworkDescription("n", input, [new Constant(given) { Name = "c" }, new MatrixProduct { Inputs = swapped ? ["c", "input"] : ["input", "c"] }]);
                var (x, y, z) = Run<double>(network, batch, new() { Instructions = instructions });
                for (var i = 0; i < whole.Aggregate(1, (product, size) => product * size); i++)
                {
                    var place = Place(i, whole, part);
                    var left = swapped ? y.AsSpan(place * a * b, a * b) : x.AsSpan(i * a * b, a * b);
                    var right = swapped ? x.AsSpan(i * b * c, b * c) : y.AsSpan(place * b * c, b * c);
                    for (var r = 0; r < a; r++)
                    {
                        for (var j = 0; j < c; j++)
                        {
                            double sum = 0;
                            for (var k = 0; k < b; k++) sum += left[(r * b) + k] * right[(k * c) + j];
                            Assert.Equal(sum, z[(i * a * c) + (r * c) + j], 1e-11);
                        }
                    }
                }
            },
            iter: 60,
            threads: 1);

    [Fact]
    public void Axes_are_folded() =>
        (from sizes in Gen.Frequency((5, Gen.Int[1, 6]), (1, Gen.Int[300, 1500])).Array[1, 4]
         from batch in Gen.Int[1, 3]
         from folded in Gen.Bool.Array[sizes.Length]
         from keep in Gen.Bool
         from function in Gen.Int[0, 5]
         where sizes.Aggregate(1.0, (product, size) => product * size) < 20_000 && folded.Contains(true)
         select (sizes, batch, folded, keep, (ReduceFunction)function)).Sample(
            (sizes, batch, folded, keep, function) =>
            {
                int[] whole = [batch, .. sizes], kept = [batch, .. sizes.Select((size, axis) => folded[axis] ? 1 : size)];
                // Every other axis is counted from the end.
                Sizes along = [.. Enumerable.Range(1, sizes.Length).Where(axis => folded[axis - 1]).Select(axis => axis % 2 == 0 ? axis : axis - whole.Length)];
                var network = new NetworkDescription("n", Sizes.Create(sizes), [new Reduce(function, along) { KeepSizes = keep }]);
                Assert.Equal(keep ? Sizes.Create(kept) : [batch, .. sizes.Where((_, axis) => !folded[axis])], network.OutputShape(batch));
                var (x, _, z) = Run<double>(network, batch);
                var groups = Enumerable.Range(0, x.Length).ToLookup(i => Place(i, whole, kept), i => x[i]);
                Assert.Equal(groups.Count, z.Length);
                for (var i = 0; i < z.Length; i++)
                {
                    var expected = function switch
                    {
                        ReduceFunction.Sum => groups[i].Sum(),
                        ReduceFunction.Mean => groups[i].Average(),
                        ReduceFunction.Maximum => groups[i].Max(),
                        ReduceFunction.Minimum => groups[i].Min(),
                        ReduceFunction.Product => groups[i].Aggregate(1.0, static (product, value) => product * value),
                        _ => Math.Sqrt(groups[i].Sum(value => value * value)),
                    };
                    Assert.Equal(expected, z[i], 1e-9 * Math.Max(1, Math.Abs(expected)));
                }
            },
            iter: 100,
            threads: 1);

    [Fact]
    public void The_gradient_of_a_product_is_that_of_the_other_factors_also_where_some_are_0()
    {
        var network = new NetworkDescription("n", [3, 3], [new Reduce(ReduceFunction.Product, [2])]);
        var execution = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1, new() { Training = true, InputGradient = true });
        double[] x = [2, 3, 4, 2, 0, 4, 0, 5, 0];
        Assert.Equal([24, 0, 0], execution.Forward(x).ToArray());
        execution.Backward([1, 10, 100]);
        double[] d = new double[9];
        execution.InputGradient.FlattenTo(d);
        Assert.Equal([12, 8, 6, 0, 80, 0, 0, 0, 0], d);
    }

    [Fact]
    public void One_number_is_given_out_as_a_tensor_of_one_element()
    {
        var network = new NetworkDescription("n", [2], [new Constant([]) { Name = "c", InitialValue = 3 }, new Multiply { Inputs = ["input", "c"] }], ["c"]);
        var parameters = NetworkParameters<double>.Create(network, 1);
        var plain = new NetworkExecution<double>(network, parameters, 1);
        var inference = new InferenceExecution<double>(network, parameters, 1);
        plain.Forward(new ReadOnlyTensorSpan<double>([1, 2], [1, 2]));
        inference.Forward(new ReadOnlyTensorSpan<double>([1, 2], [1, 2]));
        Assert.Equal([1], plain.Activation("c").Lengths.ToArray());
        Assert.Equal([1], inference.Activation("c").Lengths.ToArray());
        Assert.Equal((3, 3, 3), (plain.Activation("c")[[0]], inference.Activation("c")[[0]], parameters["c.value"].Value[[0]]));
    }

    [Fact]
    public void The_first_of_equal_winners_has_the_gradient()
    {
        foreach (var (along, expected) in ((Sizes, double[])[])[([2], [0, 3, 0, 5, 0, 0]), ([1], [3, 0, 5, 0, 7, 0]), ([1, 2], [0, 3, 0, 0, 0, 0])])
        {
            // Two channels of three positions: all largest but the first.
            var network = new NetworkDescription("n", [2, 3], [new Reduce(ReduceFunction.Maximum, along)]);
            var execution = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1, new() { Training = true, InputGradient = true });
            double[] x = along == [1] ? [1, 0, 1, 1, 1, 0] : [0, 1, 1, 1, 1, 1];
            execution.Forward(x);
            execution.Backward([.. new double[] { 3, 5, 7 }.Take((int)execution.OutputShape.Product)]);
            Assert.Equal(along == [1] ? [3, 0, 7, 0, 5, 0] : expected, execution.InputGradient.ToArray());
        }
    }

    [Fact]
    public void The_place_of_the_largest_is_found() =>
        (from sizes in Gen.Frequency((5, Gen.Int[1, 6]), (1, Gen.Int[300, 1500])).Array[1, 4]
         from batch in Gen.Int[1, 3]
         from axis in Gen.Int[1, sizes.Length]
         from last in Gen.Bool
         where sizes.Aggregate(1.0, (product, size) => product * size) < 20_000
         select (sizes, batch, axis, last)).Sample(
            (sizes, batch, axis, last) =>
            {
                int[] whole = [batch, .. sizes], kept = [.. whole.Select((size, a) => a == axis ? 1 : size)];
                var network = new NetworkDescription("n", Sizes.Create(sizes), [new ArgMax(axis % 2 == 0 ? axis : axis - whole.Length) { LastIndex = last, KeepSize = sizes.Length % 2 == 0 }]);
                // Few different numbers, so that many are equal.
                var x = NetworkGradients.Random<double>(Sizes.Create(whole), 3, 3).ToDenseArray().Select(value => Math.Round(2 * value)).ToArray();
                var z = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), batch).Forward(x);
                var groups = Enumerable.Range(0, x.Length).ToLookup(i => Place(i, whole, kept), i => x[i]);
                for (var i = 0; i < z.Length; i++)
                {
                    var values = groups[i].ToList();
                    Assert.Equal(last ? values.LastIndexOf(values.Max()) : values.IndexOf(values.Max()), (int)z[i]);
                }
            },
            iter: 100,
            threads: 1);

    [Fact]
    public void Neither_threads_nor_shared_memory_change_a_bit()
    {
        // Large enough for several jobs and for sums in parts.
        var network = new NetworkDescription(
            "n",
            [6, 90, 80],
            [
                new Constant([6, 1, 1]) { Name = "scale", IsTrained = true },
                new Constant([80]) { Name = "shift", IsTrained = true },
                new Constant([80, 70]) { Name = "matrix", IsTrained = true },
                new Constant([40, 90]) { Name = "rows", IsTrained = true },
                new Multiply { Name = "scaled", Inputs = ["input", "scale"] },
                new Subtract { Name = "shifted", Inputs = ["shift", "scaled"] },
                new Maximum { Name = "rectified", Inputs = ["shifted", "shift", "input"] },
                new MatrixProduct { Name = "right", Inputs = ["rectified", "matrix"] },
                new MatrixProduct { Name = "both", Inputs = ["rows", "right"] },
                new Reduce(ReduceFunction.L2, [3]) { Name = "length" },
                new Divide { Name = "unit", Inputs = ["both", "length"] },
                new Reduce(ReduceFunction.Mean, [1]) { KeepSizes = false },
            ]);
        var one = Train<float>(network, new() { Threads = 1, KeepActivations = true });
        Assert.Equal(one, Train<float>(network, new() { Threads = 1 }));
        Assert.Equal(one, Train<float>(network, new() { Threads = 3 }));
        var exact = Train<double>(network, new() { Threads = 2 });
        for (var tensor = 0; tensor < exact.Length; tensor++)
        {
            var largest = exact[tensor].Max(Math.Abs);
            for (var i = 0; i < exact[tensor].Length; i++) Assert.Equal(exact[tensor][i], one[tensor][i], 1e-3 * largest);
        }
    }

    private static T[][] Train<T>(NetworkDescription network, ExecutionOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var execution = new NetworkExecution<T>(network, NetworkGradients.Parameters<T>(network, 5), 4, options with { Training = true, InputGradient = true });
        var output = execution.Forward(NetworkGradients.Random<T>(execution.InputShape, 1, 1)).ToArray();
        execution.Backward(NetworkGradients.Random<T>(execution.OutputShape, 1, 2));
        return [output, execution.InputGradient.ToArray(), .. execution.Gradients.Select(gradient => gradient.Span.ToArray())];
    }

    /// <summary>The input, the first parameter and the output of a pass.</summary>
    private static (T[] Input, T[] Given, T[] Output) Run<T>(NetworkDescription network, int batch, ExecutionOptions? options = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkGradients.Parameters<T>(network, 5);
        var execution = new NetworkExecution<T>(network, parameters, batch, options);
        // From ½ to 1½, of which every function here is a number.
        var x = NetworkGradients.Random<T>(execution.InputShape, 1, 1).ToDenseArray();
        for (var i = 0; i < x.Length; i++) x[i] = T.One + (x[i] / T.CreateChecked(2));
        var z = execution.Forward(x).ToArray();
        return (x, parameters.Count > 0 ? parameters[0].Span.ToArray() : [], z);
    }

    /// <summary>The place in a tensor of the shape <paramref name="part"/> that belongs to a place in one that it is repeated to.</summary>
    private static int Place(int place, int[] whole, int[] part)
    {
        var (result, stride) = (0, 1);
        for (var fromEnd = 1; fromEnd <= part.Length; fromEnd++)
        {
            var at = place % whole[^fromEnd];
            place /= whole[^fromEnd];
            if (part[^fromEnd] > 1) result += at * stride;
            stride *= part[^fromEnd];
        }

        return result;
    }
}
