using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Pooling against its definition, written out one window at a time.</summary>
public class PoolingTests
{
    public static TheoryData<InstructionSet> InstructionSets { get; } = [.. Enum.GetValues<InstructionSet>()];

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Pooling_is_its_definition_in_float(InstructionSet instructions) => RandomPooling.Any.Holds(sample => Check<float>(sample, instructions, 1e-4), iterations: 400);

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Pooling_is_its_definition_in_double(InstructionSet instructions) => RandomPooling.Any.Holds(sample => Check<double>(sample, instructions, 1e-12), iterations: 400);

    [Theory]
    [InlineData(2, 2, 1, 0, 1300)]
    [InlineData(2, 2, 1, 1, 1299)]
    [InlineData(3, 1, 2, 2, 1100)]
    [InlineData(5, 7, 1, 4, 2003)]
    [InlineData(2, 3, 511, 0, 1100)]
    [InlineData(300, 2, 2, 0, 1300)]
    public void Averages_over_rows_of_any_length_are_their_definition(int window, int stride, int dilation, int padding, int width)
    {
        var description = new PoolingDescription
        {
            Kind = PoolingKind.Average,
            Window = [2, window],
            Stride = [1, stride],
            Dilation = [1, dilation],
            Padding = Padding.Explicit([1, padding], [0, padding]),
        };
        Check<float>(new RandomPooling(description, [1, 2, 3, width], 3), InstructionSet.Best, 1e-4);
        Check<double>(new RandomPooling(description, [1, 2, 3, width], 3), InstructionSet.Best, 1e-12);
    }

    [Fact]
    public void The_input_gradient_is_where_finite_differences_say() => RandomPooling.Any.Where(sample => sample.InputShape.Product < 200).Holds(
        sample =>
        {
            var plan = sample.Description.Plan<double>(sample.InputShape);
            var v = Distinct<double>(sample, plan.InputShape.Product);
            var g = Numbers<double>(sample, plan.OutputShape.Product, 2);
            var (z, winners) = Forward(plan, v);
            var dv = InputGradient(plan, v, z, winners, g);
            const double Step = 1e-6;
            for (var i = 0; i < v.Length; i += 1 + (v.Length / 20))
            {
                var kept = v[i];
                v[i] = kept + Step;
                var above = TensorPrimitives.Dot<double>(Forward(plan, v).Output, g);
                v[i] = kept - Step;
                var below = TensorPrimitives.Dot<double>(Forward(plan, v).Output, g);
                v[i] = kept;
                Assert.Equal((above - below) / (2 * Step), dv[i], 1e-4);
            }
        },
        iterations: 100);

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => RandomPooling.Any.Holds(
        sample =>
        {
            Sizes shape = [sample.InputShape[0], 40 * sample.InputShape[1], .. sample.InputShape.From(2)];
            var v = Numbers<float>(sample, shape.Product, 1);
            var plans = new[] { 1, 2, 3 }.Select(threads => sample.Description.Plan<float>(shape, new PlanOptions { Threads = threads })).ToArray();
            var g = Numbers<float>(sample, plans[0].OutputShape.Product, 2);
            var (z, winners) = Forward(plans[0], v);
            var dv = InputGradient(plans[0], v, z, winners, g);
            foreach (var plan in plans)
            {
                var (again, winnersAgain) = Forward(plan, v);
                Assert.Equal(z, again);
                Assert.Equal(winners, winnersAgain);
                Assert.Equal(dv, InputGradient(plan, v, z, winners, g));
            }
        },
        iterations: 30);

    [Fact]
    public void Of_equal_elements_the_first_in_row_major_order_wins()
    {
        var plan = new PoolingDescription { Window = [2, 2], Stride = [1, 1] }.Plan<float>([1, 1, 12, 12]);
        var (_, winners) = Forward(plan, new float[144]);
        for (var y = 0; y < 11; y++)
        {
            for (var x = 0; x < 11; x++) Assert.Equal((y * 12) + x, winners[(y * 11) + x]);
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void A_NaN_wins_every_window_that_holds_it(InstructionSet instructions)
    {
        var plan = new PoolingDescription { Window = [3, 3], Stride = [1, 1], Padding = Padding.Same }.Plan<float>([1, 1, 20, 20], new PlanOptions { Instructions = instructions });
        var v = new float[400];
        Array.Fill(v, float.NegativeInfinity);
        v[(7 * 20) + 9] = float.NaN;
        v[(8 * 20) + 9] = float.PositiveInfinity;
        v[(8 * 20) + 8] = float.NaN;
        var (z, winners) = Forward(plan, v);
        Assert.Equal(Enumerable.Range(0, 400).Where(p => Math.Abs((p / 20) - 7) <= 1 && Math.Abs((p % 20) - 9) <= 1 || Math.Abs((p / 20) - 8) <= 1 && Math.Abs((p % 20) - 8) <= 1), Enumerable.Range(0, 400).Where(p => float.IsNaN(z[p])));
        Assert.Equal((7 * 20) + 9, winners[(7 * 20) + 9]);
        Assert.Equal((8 * 20) + 8, winners[(9 * 20) + 7]);
        Assert.Equal(0, winners[0]);
    }

    [Fact]
    public void Unpooling_puts_each_value_back_where_it_stood_and_its_gradient_is_its_transpose() => RandomPooling.Any.Holds(
        sample =>
        {
            var plan = (sample.Description with { Kind = PoolingKind.Max }).Plan<double>(sample.InputShape);
            var v = Distinct<double>(sample, plan.InputShape.Product);
            var (z, winners) = Forward(plan, v);
            var g = Numbers<double>(sample, v.Length, 3);
            var unpooled = new double[v.Length];
            var values = new double[z.Length];
            plan.Unpool(Span(z, plan.OutputShape), Tensor.Create(winners, plan.OutputShape.ToLengths()), Span(unpooled, plan.InputShape));
            plan.UnpoolGradient(Tensor.Create(winners, plan.OutputShape.ToLengths()), Span(g, plan.InputShape), Span(values, plan.OutputShape));
            Assert.Equal(TensorPrimitives.Dot<double>(unpooled, g), TensorPrimitives.Dot<double>(z, values), 1e-9);
            var plane = v.Length / (plan.InputShape[0] * plan.InputShape[1]);
            var won = winners.Select((winner, p) => (p / (z.Length / (v.Length / plane)) * plane) + winner).ToArray();
            foreach (var group in won.GroupBy(at => at)) Assert.Equal(v[group.Key] * group.Count(), unpooled[group.Key], 1e-12);
            Assert.All(Enumerable.Range(0, v.Length).Except(won), at => Assert.Equal(0, unpooled[at]));
        },
        iterations: 100);

    [Fact]
    public void Running_a_pooling_allocates_nothing()
    {
        foreach (var kind in Enum.GetValues<PoolingKind>())
        {
            var plan = new PoolingDescription { Kind = kind, Window = [2, 2] }.Plan<float>([4, 40, 28, 28], new PlanOptions { Threads = 2 });
            var v = Tensor.CreateFromShape<float>(plan.InputShape.ToLengths());
            var dv = Tensor.CreateFromShape<float>(plan.InputShape.ToLengths());
            var z = Tensor.CreateFromShape<float>(plan.OutputShape.ToLengths());
            var winners = Tensor.CreateFromShape<int>(plan.OutputShape.ToLengths());
            Run();
            Assert.Equal(0, Allocations.Least(Run));

            void Run()
            {
                plan.Forward(v.AsReadOnlyTensorSpan(), z.AsTensorSpan(), kind == PoolingKind.Max ? winners.AsTensorSpan() : default);
                plan.InputGradient(z.AsReadOnlyTensorSpan(), dv.AsTensorSpan(), winners.AsReadOnlyTensorSpan(), v.AsReadOnlyTensorSpan(), z.AsReadOnlyTensorSpan());
            }
        }
    }

    [Theory]
    [InlineData(5, 2, 0, 0, true, 3)]
    [InlineData(5, 2, 0, 0, false, 2)]
    [InlineData(3, 2, 1, 1, true, 2)] // A third window would begin in the padding at the end.
    [InlineData(4, 2, 1, 1, true, 3)]
    public void Ceil_mode_drops_windows_that_begin_in_the_padding_at_the_end(int input, int stride, int low, int high, bool ceil, int output) =>
        Assert.Equal([output], new PoolingDescription { Window = [2], Stride = [stride], Padding = Padding.Explicit([low], [high]), CeilMode = ceil }.OutputSize([input]));

    [Fact]
    public void An_average_counts_padding_only_when_asked_and_never_what_ceil_mode_adds()
    {
        var description = new PoolingDescription { Kind = PoolingKind.Average, Window = [3], Stride = [2], Padding = Padding.Explicit([1], [0]), CeilMode = true };
        float[] v = [6, 6, 6, 6, 6];
        Assert.Equal([6, 6, 6], Forward(description.Plan<float>([1, 1, 5]), v).Output);
        Assert.Equal([4, 6, 6], Forward((description with { CountIncludesPadding = true }).Plan<float>([1, 1, 5]), v).Output);
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        Says("pool1: a window reaching over 5 does not fit input 4 with padding 0 on axis 1; pad by 1 more or use a window reaching over at most 4.", () => new PoolingDescription { Window = [2, 5] }.Resolve([4, 4], "pool1"));
        Says("pooling: window 0 on axis 0 lies in the padding alone (window 2 with dilation 1, padding 2 and 0, input 4); pad by less than the window or dilate less.", () => new PoolingDescription { Window = [2], Stride = [1], Padding = Padding.Explicit([2], [0]) }.Resolve([4]));
        Says("pooling: window 0 on axis 0; it must be from 1 to 268435455.", () => new PoolingDescription { Window = [0] }.Resolve([4]));
        Says("pooling: the stride 2×2 has 2 axes but the input 4 has 1; give one number per spatial axis.", () => new PoolingDescription { Window = [2], Stride = [2, 2] }.Resolve([4]));
        Says("pooling: p = 0.5; give a finite exponent of at least 1, or use the maximum for an infinite one.", () => new PoolingDescription { Window = [2], Kind = PoolingKind.Lp, P = 0.5 }.Resolve([4]));
        Says("pooling: an input plane of 100000×100000 has more than 2147483647 elements; use smaller sizes.", () => new PoolingDescription { Window = [2, 2] }.Resolve([100_000, 100_000]));
        var plan = new PoolingDescription { Window = [2] }.Plan<float>([1, 1, 4]);
        Says("winners: element 1 is 4, outside of the input plane of 4 elements; pass what max pooling gave. (Parameter 'winners')", () => plan.Unpool(Span([1f, 2f], plan.OutputShape), Tensor.Create([0, 4], [1, 1, 2]), Span(new float[4], plan.InputShape)));
        Says("unpooling: pooling of kind Average has no winners; use Max.", () => new PoolingDescription { Window = [2], Kind = PoolingKind.Average }.Plan<float>([1, 1, 4]).Unpool(Span([1f, 2f], plan.OutputShape), default, Span(new float[4], plan.InputShape)));

        static void Says(string message, Action action) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(action).Message);
    }

    private static void Check<T>(RandomPooling sample, InstructionSet instructions, double tolerance)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var plan = sample.Description.Plan<T>(sample.InputShape, new PlanOptions { Instructions = instructions });
        var v = Numbers<T>(sample, plan.InputShape.Product, 1);
        var g = Numbers<T>(sample, plan.OutputShape.Product, 2);
        var (z, winners) = Forward(plan, v);
        var dv = InputGradient(plan, v, z, winners, g);
        var expected = new double[dv.Length];
        int input = (int)plan.InputShape.From(2).Product, output = (int)plan.OutputShape.From(2).Product;
        var cells = Cells(plan.Axes.ToArray());
        for (var at = 0; at < z.Length; at++)
        {
            var plane = at / output * input;
            var (inside, counted) = cells[at % output];
            double Value(int cell) => double.CreateChecked(v[plane + cell]);
            double gradient = double.CreateChecked(g[at]), p = sample.Description.P;
            switch (sample.Description.Kind)
            {
                case PoolingKind.Max:
                    var winner = inside.MaxBy(Value);
                    Assert.Equal(winner, winners[at]);
                    Assert.Equal(v[plane + winner], z[at]);
                    expected[plane + winner] += gradient;
                    break;
                case PoolingKind.Average:
                    var count = sample.Description.CountIncludesPadding ? counted : inside.Count;
                    Assert.Equal(inside.Sum(Value) / count, double.CreateChecked(z[at]), tolerance);
                    foreach (var cell in inside) expected[plane + cell] += gradient / count;
                    break;
                default:
                    var norm = Math.Pow(inside.Sum(cell => Math.Pow(Math.Abs(Value(cell)), p)), 1 / p);
                    Assert.Equal(norm, double.CreateChecked(z[at]), tolerance);
                    foreach (var cell in inside.Where(cell => Value(cell) != 0)) expected[plane + cell] += gradient * Math.Sign(Value(cell)) * Math.Pow(Math.Abs(Value(cell)) / norm, p - 1);
                    break;
            }
        }

        for (var i = 0; i < dv.Length; i++) Assert.Equal(expected[i], double.CreateChecked(dv[i]), 4 * tolerance);
    }

    /// <summary>For each output position, the input cells of its window in row-major order, and how many stand in the padded input.</summary>
    private static (List<int> Inside, int Counted)[] Cells(AxisGeometry[] axes)
    {
        var all = new List<(List<int> Inside, int Counted)> { ([0], 1) };
        foreach (var axis in axes)
        {
            all = [.. from before in all
                      from p in Enumerable.Range(0, axis.Output)
                      let met = Enumerable.Range(0, axis.Kernel).Select(q => (p * axis.Stride) + (q * axis.Dilation) - axis.PadLow).ToArray()
                      let inside = before.Inside.SelectMany(cell => met.Where(x => x >= 0 && x < axis.Input).Select(x => (cell * axis.Input) + x)).ToList()
                      select (inside, before.Counted * met.Count(x => x >= -axis.PadLow && x < axis.Input + axis.PadHigh))];
        }

        return [.. all];
    }

    private static (T[] Output, int[] Winners) Forward<T>(PoolingPlan<T> plan, T[] v)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var z = new Guarded<T>(plan.OutputShape, []);
        var winners = plan.Description.Kind == PoolingKind.Max ? new int[plan.OutputShape.Product] : [];
        var input = new Guarded<T>(plan.InputShape, v);
        plan.Forward(input.Tensor, z.Tensor, winners.Length == 0 ? default : new TensorSpan<int>(winners, plan.OutputShape.ToLengths()));
        z.CheckGuards("output");
        return (z.Values.ToArray(), winners);
    }

    /// <summary>Overwrites NaN, then adds the same again; gives the first.</summary>
    private static T[] InputGradient<T>(PoolingPlan<T> plan, T[] v, T[] z, int[] winners, T[] g)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var dv = new Guarded<T>(plan.InputShape, []);
        dv.Values.Fill(T.NaN);
        var winning = winners.Length == 0 ? default : new ReadOnlyTensorSpan<int>(winners, plan.OutputShape.ToLengths());
        plan.InputGradient(Span(g, plan.OutputShape), dv.Tensor, winning, Span(v, plan.InputShape), Span(z, plan.OutputShape));
        var once = dv.Values.ToArray();
        plan.InputGradient(Span(g, plan.OutputShape), dv.Tensor, winning, Span(v, plan.InputShape), Span(z, plan.OutputShape), accumulate: true);
        for (var i = 0; i < once.Length; i++) Assert.Equal(2 * double.CreateChecked(once[i]), double.CreateChecked(dv.Values[i]), 1e-4);
        dv.CheckGuards("input gradient");
        return once;
    }

    private static TensorSpan<T> Span<T>(T[] values, Sizes shape) => new(values, shape.ToLengths());

    private static T[] Numbers<T>(RandomPooling sample, long count, int key)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new RandomSource(sample.Seed, key);
        var values = new T[count];

        // Coarse numbers, so that there are ties.
        for (var i = 0; i < values.Length; i++) values[i] = T.CreateChecked((random.NextInt(41) - 20) / 16f);
        return values;
    }

    private static T[] Distinct<T>(RandomPooling sample, long count)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new RandomSource(sample.Seed, 7);
        var order = Enumerable.Range(1, (int)count).ToArray();
        random.Shuffle(order.AsSpan());
        return [.. order.Select(number => T.CreateChecked((number - (count / 2.0) + 0.25) * 2 / count))];
    }
}
