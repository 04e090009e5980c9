using System.Numerics.Tensors;
using CsCheck;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Upsampling and border padding.</summary>
public class SpatialMapTests
{
    /// <summary>A random size with two amounts per axis, small enough for every mode.</summary>
    private static readonly Gen<(int[] Input, int[] Low, int[] High)> Sized =
        from rank in Gen.Int[1, 4]
        from input in Gen.Int[1, 6].Array[rank]
        from low in Gen.Int[0, 5].Array[rank]
        from high in Gen.Int[0, 5].Array[rank]
        select (input, low, high);

    [Theory]
    [InlineData(BorderMode.Zero, new float[] { 0, 0, 1, 2, 3, 0 })]
    [InlineData(BorderMode.Reflect, new float[] { 3, 2, 1, 2, 3, 2 })]
    [InlineData(BorderMode.Replicate, new float[] { 1, 1, 1, 2, 3, 3 })]
    [InlineData(BorderMode.Circular, new float[] { 2, 3, 1, 2, 3, 1 })]
    public void A_border_holds_what_its_mode_says(BorderMode mode, float[] expected) =>
        Assert.Equal(expected, Forward(new BorderPadding { Low = [2], High = [1], Mode = mode }.Plan<float>([1, 1, 3]), [1, 2, 3]));

    [Fact]
    public void Upsampling_repeats_or_goes_straight_between_centres()
    {
        Assert.Equal([1f, 1, 5, 5], Forward(new Upsampling { Factors = [2] }.Plan<float>([1, 1, 2]), [1, 5]));
        Assert.Equal([1f, 2, 4, 5], Forward(new Upsampling { Factors = [2], Mode = UpsamplingMode.Linear }.Plan<float>([1, 1, 2]), [1, 5]));
        Assert.Equal([0f, 2, 6, 8, 1, 3, 7, 9, 3, 5, 9, 11, 4, 6, 10, 12], Forward(new Upsampling { Factors = [2, 2], Mode = UpsamplingMode.Linear }.Plan<float>([1, 1, 2, 2]), [0, 8, 4, 12]));
    }

    [Fact]
    public void A_border_is_what_stands_at_each_axis_source() => Gen.Select(Sized, Gen.Enum<BorderMode>()).Sample(
        (sized, mode) =>
        {
            var (input, low, high) = sized;
            if (mode == BorderMode.Reflect) (low, high) = ([.. low.Select((x, a) => Math.Min(x, input[a] - 1))], [.. high.Select((x, a) => Math.Min(x, input[a] - 1))]);
            if (mode == BorderMode.Circular) (low, high) = ([.. low.Select((x, a) => Math.Min(x, input[a]))], [.. high.Select((x, a) => Math.Min(x, input[a]))]);
            var plan = new BorderPadding { Low = Sizes.Create(low), High = Sizes.Create(high), Mode = mode }.Plan<double>([2, 3, .. input]);
            var v = Numbers(plan.InputShape, 1);
            var z = Forward(plan, v);
            var strides = plan.InputShape.RowMajorStrides();
            for (var at = 0; at < z.Length; at++)
            {
                long from = 0;
                for (int axis = plan.OutputShape.Count - 1, rest = at; axis >= 0; axis--)
                {
                    int x = rest % plan.OutputShape[axis], size = plan.InputShape[axis];
                    rest /= plan.OutputShape[axis];
                    if (axis >= 2) x -= low[axis - 2];
                    var inside = x >= 0 && x < size;
                    if (!inside && mode == BorderMode.Zero) from = long.MinValue;
                    x = mode switch
                    {
                        _ when inside => x,
                        BorderMode.Reflect => size - 1 - Math.Abs(size - 1 - Math.Abs(x)),
                        BorderMode.Replicate => Math.Clamp(x, 0, size - 1),
                        BorderMode.Circular => (x + size) % size,
                        _ => 0,
                    };
                    if (from >= 0) from += x * strides[axis];
                }

                Assert.Equal(from < 0 ? 0 : v[from], z[at]);
            }
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void The_input_gradient_is_the_transpose() => Gen.Select(Sized, Gen.Int[0, 2]).Sample(
        (sized, form) =>
        {
            var (input, low, high) = sized;
            Sizes shape = [2, 2, .. input];
            var plan = form == 2
                ? new BorderPadding { Low = Sizes.Create(low), High = Sizes.Create(high), Mode = BorderMode.Replicate }.Plan<double>(shape, new PlanOptions { Threads = 2 })
                : new Upsampling { Factors = [.. low.Select(factor => 1 + (factor % 3))], Mode = (UpsamplingMode)form }.Plan<double>(shape);
            var (v, g) = (Numbers(plan.InputShape, 1), Numbers(plan.OutputShape, 2));
            var dv = new Guarded<double>(plan.InputShape, []);
            dv.Values.Fill(double.NaN);
            plan.InputGradient(new ReadOnlyTensorSpan<double>(g, plan.OutputShape.ToLengths()), dv.Tensor);
            Assert.Equal(TensorPrimitives.Dot<double>(Forward(plan, v), g), TensorPrimitives.Dot<double>(v, dv.Values), 1e-9);
            var once = dv.Values.ToArray();
            plan.InputGradient(new ReadOnlyTensorSpan<double>(g, plan.OutputShape.ToLengths()), dv.Tensor, accumulate: true);
            for (var i = 0; i < once.Length; i++) Assert.Equal(2 * once[i], dv.Values[i], 1e-12);
            dv.CheckGuards("input gradient");
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void What_does_not_fit_is_told()
    {
        Says("pad1: a border of 4 on axis 1 of an input of 4, in mode Reflect; it may be at most 3: pad less, or use Replicate.", () => new BorderPadding { Low = [0, 0], High = [0, 4], Mode = BorderMode.Reflect }.OutputSize([4, 4], "pad1"));
        Says("border padding: a border of 5 on axis 0 of an input of 4, in mode Circular; it may be at most 4: pad less, or use Replicate.", () => new BorderPadding { Low = [5], High = [0], Mode = BorderMode.Circular }.OutputSize([4]));
        Says("border padding: low amount -1 on axis 0; it must be at least 0.", () => new BorderPadding { Low = [-1], High = [0] }.OutputSize([4]));
        Says("upsampling: factor 0 on axis 0; it must be at least 1.", () => new Upsampling { Factors = [0] }.OutputSize([4]));
        Says("upsampling: 1 times a factor for an input of 2 axes (4×4); give one per spatial axis.", () => new Upsampling { Factors = [2] }.OutputSize([4, 4]));
        Says("upsampling: an output plane of 100000×100000 has more than 2147483647 elements; use smaller sizes.", () => new Upsampling { Factors = [10000, 10000] }.OutputSize([10, 10]));

        static void Says(string message, Action action) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(action).Message);
    }

    private static T[] Forward<T>(SpatialMapPlan<T> plan, T[] v)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        var z = new Guarded<T>(plan.OutputShape, []);
        plan.Forward(new Guarded<T>(plan.InputShape, v).Tensor, z.Tensor);
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
