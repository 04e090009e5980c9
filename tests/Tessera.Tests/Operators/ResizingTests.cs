using System.Numerics.Tensors;
using CsCheck;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Resizing against its definition, axis by axis and all at once.</summary>
public class ResizingTests
{
    private static readonly Gen<(int[] Input, int[] Output, Resizing Resizing)> Any =
        from rank in Gen.Int[1, 3]
        from input in Gen.Int[1, 7].Array[rank]
        from output in Gen.Int[1, 9].Array[rank]
        from slack in Gen.Double[0.0, 0.9].Array[rank]
        from scaled in Gen.Bool
        from mode in Gen.Enum<ResizeMode>()
        from coordinates in Gen.Enum<ResizeCoordinates>()
        from rounding in Gen.Enum<ResizeRounding>()
        from cubic in Gen.Double[-1.0, -0.25]
        from excludes in Gen.Bool
        from antialias in Gen.Bool
        select (input, output, new Resizing
        {
            Size = scaled ? Sizes.Empty : Sizes.Create(output),
            Scales = scaled ? [.. output.Select((size, a) => (size + slack[a] + 0.01) / input[a])] : Scales.Empty,
            Mode = mode,
            Coordinates = coordinates,
            Rounding = rounding,
            CubicCoefficient = cubic,
            ExcludesOutside = excludes,
            Antialias = antialias,
        });

    [Fact]
    public void Every_position_is_the_weighted_inputs_around_it() => Any.Sample(
        sample =>
        {
            var (input, output, resizing) = sample;
            var plan = resizing.Plan<double>([2, 2, .. input], new PlanOptions { Threads = 2 });
            Assert.Equal<Sizes>([2, 2, .. output], plan.OutputShape);
            var v = Numbers(plan.InputShape, 1);
            var z = Forward(plan, v);
            var plane = input.Aggregate(1, (product, size) => product * size);
            var weights = input.Select((_, axis) => Enumerable.Range(0, output[axis]).Select(p => Weights(resizing, axis, input[axis], output[axis], p)).ToArray()).ToArray();
            for (var at = 0; at < z.Length; at++)
            {
                var (rest, position) = (at, new int[input.Length]);
                for (var axis = input.Length - 1; axis >= 0; rest /= output[axis--]) position[axis] = rest % output[axis];
                double expected = 0;
                for (var x = 0; x < plane; x++)
                {
                    var (left, weight) = (x, 1.0);
                    for (var axis = input.Length - 1; axis >= 0; left /= input[axis--]) weight *= weights[axis][position[axis]][left % input[axis]];
                    expected += weight * v[(rest * plane) + x];
                }

                Assert.Equal(expected, z[at], 1e-7);
            }
        },
        iter: 300,
        threads: 1);

    [Fact]
    public void The_input_gradient_is_the_transpose() => Any.Sample(
        sample =>
        {
            var plan = sample.Resizing.Plan<double>([3, 1, .. sample.Input]);
            var (v, g) = (Numbers(plan.InputShape, 1), Numbers(plan.OutputShape, 2));
            var dv = new Guarded<double>(plan.InputShape, []);
            dv.Values.Fill(double.NaN);
            plan.InputGradient(new ReadOnlyTensorSpan<double>(g, plan.OutputShape.ToLengths()), dv.Tensor);
            Assert.Equal(TensorPrimitives.Dot<double>(Forward(plan, v), g), TensorPrimitives.Dot<double>(v, dv.Values), 1e-8);
            var once = dv.Values.ToArray();
            plan.InputGradient(new ReadOnlyTensorSpan<double>(g, plan.OutputShape.ToLengths()), dv.Tensor, accumulate: true);
            for (var i = 0; i < once.Length; i++) Assert.Equal(2 * once[i], dv.Values[i], 1e-10);
            dv.CheckGuards("input gradient");
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void Linear_and_nearest_by_whole_factors_are_upsampling() => Gen.Select(Gen.Int[1, 5].Array[2], Gen.Int[1, 4].Array[2], Gen.Bool).Sample(
        (input, factors, linear) =>
        {
            Sizes shape = [2, 3, .. input];
            var v = Numbers(shape, 1);
            var upsampling = new Upsampling { Factors = Sizes.Create(factors), Mode = linear ? UpsamplingMode.Linear : UpsamplingMode.Nearest };
            var resizing = new Resizing { Size = [.. input.Zip(factors, (size, factor) => size * factor)], Mode = linear ? ResizeMode.Linear : ResizeMode.Nearest };
            var (expected, actual) = (Forward(upsampling.Plan<double>(shape), v), Forward(resizing.Plan<double>(shape), v));
            for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-12);
        },
        iter: 60,
        threads: 1);

    [Fact]
    public void Known_rows_come_out()
    {
        double[] row = [1, 2, 3, 4];
        Assert.Equal([1, 1.25, 1.75, 2], Row(new() { Scales = [2], Mode = ResizeMode.Linear }, [1, 2]), Near);
        Assert.Equal([1, 4 / 3.0, 5 / 3.0, 2], Row(new() { Scales = [2], Mode = ResizeMode.Linear, Coordinates = ResizeCoordinates.AlignCorners }, [1, 2]), Near);
        // 4 · 0.6 is 2.4: the corners that are aligned are those of the length before it is rounded down.
        Assert.Equal([1, 1 + (3 / 1.4)], Row(new() { Scales = [0.6], Mode = ResizeMode.Linear, Coordinates = ResizeCoordinates.AlignCorners }, row), Near);
        Assert.Equal([1, 1.5, 2, 2], Row(new() { Scales = [2], Mode = ResizeMode.Linear, Coordinates = ResizeCoordinates.Asymmetric }, [1, 2]), Near);
        Assert.Equal([1, 3], Row(new() { Scales = [0.6] }, row), Near);
        // Exactly between 1 and 2, and between 3 and 4.
        Assert.Equal([1, 3], Row(new() { Size = [2] }, row), Near);
        Assert.Equal([2, 4], Row(new() { Size = [2], Rounding = ResizeRounding.RoundPreferCeil }, row), Near);
        Assert.Equal([1, 1, 1, 2, 2, 3, 3, 4], Row(new() { Size = [8], Rounding = ResizeRounding.Floor }, row), Near);
        Assert.Equal([1, 2, 2, 3, 3, 4, 4, 4], Row(new() { Size = [8], Rounding = ResizeRounding.Ceil }, row), Near);
        // By hand at x = ¼ past the second: −0.10546875, 0.87890625, 0.26171875 and −0.03515625 of four neighbours.
        Assert.Equal((-0.10546875 * 1) + (0.87890625 * 2) + (0.26171875 * 3) - (0.03515625 * 4), Row(new() { Scales = [2], Mode = ResizeMode.Cubic }, row)[3], 1e-12);
        Assert.Equal([1.5, 3.5], Row(new() { Size = [2], Mode = ResizeMode.Linear }, row), Near);
        // Twice as wide, f takes ⅛, ⅜, ⅜ and ⅛; the first position's left neighbour is the first input again.
        Assert.Equal([(0.125 * 1) + (0.375 * 1) + (0.375 * 2) + (0.125 * 3), (0.125 * 2) + (0.375 * 3) + (0.375 * 4) + (0.125 * 4)], Row(new() { Size = [2], Mode = ResizeMode.Linear, Antialias = true }, row), Near);

        static bool Near(double one, double other) => Math.Abs(one - other) < 1e-12;
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        Says("resize1: neither a size nor scales are given; give one of them.", () => new Resizing().OutputSize([4], "resize1"));
        Says("resizing: both a size and scales are given; give one of them.", () => new Resizing { Size = [3], Scales = [2] }.OutputSize([4]));
        Says("resizing: 1 times a size for an input of 2 axes (4×4); give one per spatial axis.", () => new Resizing { Size = [3] }.OutputSize([4, 4]));
        Says("resizing: size 0 on axis 0; it must be at least 1.", () => new Resizing { Size = [0] }.OutputSize([4]));
        Says("resizing: a scale of 0.2 leaves nothing of 4 inputs on axis 0; give at least 0.25.", () => new Resizing { Scales = [0.2] }.OutputSize([4]));
        Says("resizing: a scale of NaN leaves nothing of 4 inputs on axis 0; give at least 0.25.", () => new Resizing { Scales = [double.NaN] }.OutputSize([4]));
        Says("resizing: a scale of 1E+20 on axis 0 of 4 inputs gives more than 2147483647; use a smaller one.", () => new Resizing { Scales = [1e20] }.OutputSize([4]));

        static void Says(string message, Action action) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(action).Message);
    }

    /// <summary>The weight of every input at position p, by the definitions.</summary>
    private static double[] Weights(Resizing resizing, int axis, int input, int output, int p)
    {
        var scale = resizing.Scales.Count > 0 ? resizing.Scales[axis] : (double)output / input;
        var length = resizing.Scales.Count > 0 ? scale * input : output;
        var x = resizing.Coordinates switch
        {
            ResizeCoordinates.HalfPixel => ((p + 0.5) / scale) - 0.5,
            ResizeCoordinates.HalfPixelSymmetric => ((input / 2.0) * (1 - (output / length))) + ((p + 0.5) / scale) - 0.5,
            ResizeCoordinates.PyTorchHalfPixel => output == 1 ? 0 : ((p + 0.5) / scale) - 0.5,
            ResizeCoordinates.AlignCorners => output == 1 ? 0 : p * ((input - 1) / (length - 1)),
            ResizeCoordinates.Middle => (p + 0.5) / scale,
            _ => p / scale,
        };
        var result = new double[input];
        if (resizing.Mode == ResizeMode.Nearest)
        {
            // Ties are ties, whatever rounding makes of them.
            x = Math.Round(x, 6);
            var (below, above) = ((int)Math.Floor(x), (int)Math.Ceiling(x));
            var nearest = resizing.Rounding switch
            {
                ResizeRounding.Floor => below,
                ResizeRounding.Ceil => above,
                _ when x - below < above - x => below,
                _ when x - below > above - x => above,
                ResizeRounding.RoundPreferFloor => below,
                _ => above,
            };
            result[Math.Clamp(nearest, 0, input - 1)] = 1;
            return result;
        }

        var narrow = resizing.Antialias && scale < 1 ? scale : 1;
        double sum = 0;
        for (var at = -40; at < input + 40; at++)
        {
            var t = Math.Abs(at - x) * narrow;
            var a = resizing.CubicCoefficient;
            var weight = resizing.Mode == ResizeMode.Linear ? Math.Max(0, 1 - t)
                : t <= 1 ? ((a + 2) * t * t * t) - ((a + 3) * t * t) + 1
                : t < 2 ? (a * t * t * t) - (5 * a * t * t) + (8 * a * t) - (4 * a) : 0;
            if (resizing.ExcludesOutside && (at < 0 || at >= input)) continue;
            result[Math.Clamp(at, 0, input - 1)] += weight;
            sum += weight;
        }

        return [.. result.Select(weight => weight / sum)];
    }

    private static double[] Row(Resizing resizing, double[] row) => Forward(resizing.Plan<double>([1, 1, row.Length]), row);

    private static double[] Forward(SpatialMapPlan<double> plan, double[] v)
    {
        var z = new Guarded<double>(plan.OutputShape, []);
        plan.Forward(new Guarded<double>(plan.InputShape, v).Tensor, z.Tensor);
        z.CheckGuards("output");
        return z.Values.ToArray();
    }

    private static double[] Numbers(Sizes shape, int key)
    {
        var random = new RandomSource(5, key);
        var values = new double[shape.Product];
        for (var i = 0; i < values.Length; i++) values[i] = random.NextNormal();
        return values;
    }
}
