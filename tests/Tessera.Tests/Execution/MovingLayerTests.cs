using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Layers that move elements, against where each element comes from by the layer's definition.</summary>
public class MovingLayerTests
{
    /// <summary>The full shape of an input, small, or at times large enough for several jobs and for blocks.</summary>
    private static readonly Gen<int[]> AnyShape = Gen.Frequency(
        (9, Gen.Int[2, 5].SelectMany(rank => Gen.Int[1, 6].Array[rank])),
        (1, Gen.Int[2, 3].SelectMany(rank => Gen.Int[17, 60].Array[rank])));

    [Fact]
    public void Permuting_puts_axes_in_the_order_asked() =>
        AnyShape.SelectMany(shape => Gen.Shuffle(Enumerable.Range(0, shape.Length).ToArray()).Select(order => (shape, order))).Sample(
            sample =>
            {
                var (shape, order) = sample;
                Check(new Permute([.. order.Select((axis, at) => at % 2 == 0 ? axis : axis - order.Length)]), shape, at =>
                {
                    var from = new int[at.Length];
                    for (var a = 0; a < at.Length; a++) from[order[a]] = at[a];
                    return from;
                });
            },
            iter: 100,
            threads: 1);

    [Theory]
    [InlineData(new[] { 2, 67, 41, 33 }, new[] { 0, 2, 3, 1 })]
    [InlineData(new[] { 2, 41, 33, 67 }, new[] { 0, 3, 1, 2 })]
    [InlineData(new[] { 3, 80, 90, 3 }, new[] { 0, 3, 1, 2 })]
    [InlineData(new[] { 40, 3, 50, 9 }, new[] { 3, 2, 1, 0 })]
    [InlineData(new[] { 7, 300, 5, 8 }, new[] { 2, 0, 3, 1 })]
    public void Permuting_large_tensors_is_the_same(int[] shape, int[] order) => Check(new Permute(Sizes.Create(order)), shape, at =>
    {
        var from = new int[at.Length];
        for (var a = 0; a < at.Length; a++) from[order[a]] = at[a];
        return from;
    });

    [Fact]
    public void Slices_take_what_counting_along_each_axis_takes() =>
        AnyShape.SelectMany(shape => Gen.Select(Gen.Int[-9, 9].Array[shape.Length], Gen.Int[-9, 9].Array[shape.Length], Gen.OneOf(Gen.Int[-3, -1], Gen.Int[1, 3]).Array[shape.Length], Gen.Bool.Array[shape.Length])
            .Select((starts, ends, steps, take) => (shape, starts, ends, steps, take))).Sample(
            sample =>
            {
                var (shape, starts, ends, steps, take) = sample;
                var axes = Enumerable.Range(0, shape.Length).Where(axis => take[axis]).Reverse().ToArray();
                var taken = shape.Select((size, axis) => take[axis] ? Counted(size, starts[axis], ends[axis], steps[axis]) : [.. Enumerable.Range(0, size)]).ToArray();
                var layer = new Slice(Sizes.Create(axes), [.. axes.Select(axis => starts[axis])], [.. axes.Select(axis => ends[axis])]) { Steps = [.. axes.Select(axis => steps[axis])] };
                if (axes.Length == 0 || taken.Any(positions => positions.Length == 0))
                {
                    Assert.Throws<ArgumentException>(() => layer.InferShape([Sizes.Create(shape)]));
                    return;
                }

                Assert.Equal<Sizes>([.. taken.Select(positions => positions.Length)], layer.InferShape([Sizes.Create(shape)]));
                Check(layer, shape, at => [.. at.Select((x, axis) => taken[axis][x])]);
            },
            iter: 200,
            threads: 1);

    [Fact]
    public void Gathering_takes_the_positions_named() =>
        AnyShape.SelectMany(shape => Gen.Select(Gen.Int[0, shape.Length - 1], Gen.Int[1, 4].Array[0, 2], Gen.Int[0, 1000]).Select((axis, form, seed) => (shape, axis, form, seed))).Sample(
            sample =>
            {
                var (shape, axis, form, seed) = sample;
                var random = new RandomSource(seed, 1);
                var indices = new int[form.Aggregate(1, (product, size) => product * size)];
                for (var i = 0; i < indices.Length; i++) indices[i] = random.NextInt(2 * shape[axis]) - shape[axis];
                Check(new Gather(axis - (seed % 2 * shape.Length), Sizes.Create(indices), Sizes.Create(form)), shape, at =>
                {
                    var place = 0;
                    for (var a = 0; a < form.Length; a++) place = (place * form[a]) + at[axis + a];
                    return [.. at[..axis], (indices[place] + shape[axis]) % shape[axis], .. at[(axis + form.Length)..]];
                });
            },
            iter: 150,
            threads: 1);

    [Fact]
    public void Expanding_repeats_axes_of_one() =>
        AnyShape.SelectMany(shape => Gen.Select(Gen.Int[0, 2].Array[shape.Length], Gen.Int[1, 3].Array[0, 2]).Select((forms, more) => (shape, forms, more))).Sample(
            sample =>
            {
                var (shape, forms, more) = sample;
                // Of each axis: 0 kept by a dimension of 1, 1 kept by its size, 2 repeated.
                shape = [.. shape.Select((size, axis) => forms[axis] == 2 ? 1 : size)];
                Sizes dimensions = [.. more, .. shape.Select((size, axis) => forms[axis] switch { 0 => 1, 1 => size, _ => 3 + axis })];
                Check(new Expand(dimensions), shape, at => [.. at[more.Length..].Select((x, axis) => shape[axis] == 1 ? 0 : x)]);
            },
            iter: 100,
            threads: 1);

    [Fact]
    public void Depth_becomes_space_by_the_definition_and_goes_back() =>
        Gen.Select(Gen.Int[1, 3].SelectMany(rank => Gen.Select(Gen.Int[1, 3].Array[rank], Gen.Int[1, 9].Array[rank])), Gen.Int[1, 3], Gen.Int[1, 4], Gen.Enum<BlockOrder>()).Sample(
            (sizes, batch, channels, order) =>
            {
                var (block, size) = sizes;
                var places = block.Aggregate(1, (product, b) => product * b);
                int[] deep = [batch, channels * places, .. size], wide = [batch, channels, .. size.Zip(block, (i, b) => i * b)];
                var toSpace = new DepthToSpace(Sizes.Create(block), order);
                Check(toSpace, deep, at => [at[0], Channel(at), .. block.Select((b, a) => at[2 + a] / b)]);
                var toDepth = new SpaceToDepth(Sizes.Create(block), order);
                Check(toDepth, wide, at => [.. Wide(at)]);
                Assert.Equal(Sizes.Create(wide), toSpace.InferShape([Sizes.Create(deep)]));
                Assert.Equal(Sizes.Create(deep), toDepth.InferShape([Sizes.Create(wide)]));

                int Channel(int[] at)
                {
                    var place = 0;
                    for (var a = 0; a < block.Length; a++) place = (place * block[a]) + (at[2 + a] % block[a]);
                    return order == BlockOrder.DepthColumnRow ? (place * channels) + at[1] : (at[1] * places) + place;
                }

                int[] Wide(int[] at)
                {
                    var (channel, place) = order == BlockOrder.DepthColumnRow ? (at[1] % channels, at[1] / channels) : (at[1] / places, at[1] % places);
                    var from = new int[at.Length];
                    (from[0], from[1]) = (at[0], channel);
                    for (var a = block.Length - 1; a >= 0; a--)
                    {
                        from[2 + a] = (at[2 + a] * block[a]) + (place % block[a]);
                        place /= block[a];
                    }

                    return from;
                }
            },
            iter: 80,
            threads: 1);

    [Fact]
    public void Bordering_any_axes_mirrors_and_repeats_what_cropping_leaves() =>
        AnyShape.SelectMany(shape => Gen.Select(Gen.Int[-3, 3].Array[shape.Length], Gen.Int[-3, 3].Array[shape.Length], Gen.Enum<BorderMode>()).Select((low, high, mode) => (shape, low, high, mode))).Sample(
            sample =>
            {
                var (shape, low, high, mode) = sample;
                var layer = new PadAxes(Sizes.Create(low), Sizes.Create(high)) { Mode = mode, Value = mode == BorderMode.Zero ? 0.25 : 0 };
                var kept = shape.Select((size, axis) => Enumerable.Range(0, size).ToArray()[Math.Min(size, Math.Max(0, -low[axis]))..]).Select((left, axis) => left[..Math.Max(0, left.Length - Math.Max(0, -high[axis]))]).ToArray();
                var most = kept.Select(left => mode switch { BorderMode.Reflect => left.Length - 1, BorderMode.Circular => left.Length, _ => 99 }).ToArray();
                if (kept.Any(left => left.Length == 0) || most.Where((amount, axis) => Math.Max(low[axis], high[axis]) > amount).Any())
                {
                    Assert.Throws<ArgumentException>(() => layer.InferShape([Sizes.Create(shape)]));
                    return;
                }

                Check(
                    layer,
                    shape,
                    at =>
                    {
                        var from = new int[at.Length];
                        for (var a = 0; a < at.Length; a++)
                        {
                            int x = at[a] - Math.Max(0, low[a]), count = kept[a].Length;
                            if (mode == BorderMode.Zero && (x < 0 || x >= count)) return null;
                            x = mode switch
                            {
                                BorderMode.Reflect => count - 1 - Math.Abs(count - 1 - Math.Abs(x)),
                                BorderMode.Circular => (x + count) % count,
                                _ => Math.Clamp(x, 0, count - 1),
                            };
                            from[a] = kept[a][x];
                        }

                        return from;
                    },
                    fill: 0.25);
            },
            iter: 200,
            threads: 1);

    [Fact]
    public void Inputs_stand_after_one_another_along_any_axis() =>
        AnyShape.SelectMany(shape => Gen.Select(Gen.Int[-shape.Length, shape.Length - 1], Gen.Int[1, 4]).Select((axis, cut) => (shape, axis, cut))).Sample(
            sample =>
            {
                var (shape, axis, cut) = sample;
                var along = axis < 0 ? axis + shape.Length : axis;
                if (shape[along] <= cut) return;
                // What two slices leave out of order: the positions from the cut on, then those before, then all.
                Check(
                    [
                        new Slice([axis], [cut], [int.MaxValue]) { Name = "after", Inputs = ["whole"] },
                        new Slice([axis], [0], [cut]) { Name = "before", Inputs = ["whole"] },
                        new Concatenate { Inputs = ["after", "before", "whole"], Axis = axis },
                    ],
                    shape,
                    at => [.. at.Select((x, a) => a != along ? x : x < shape[along] - cut ? x + cut : x < shape[along] ? x - shape[along] + cut : x - shape[along])]);
            },
            iter: 100,
            threads: 1);

    [Fact]
    public void Views_and_flattening_keep_the_numbers_in_order()
    {
        Sizes input = [4, 6, 2, 5];
        Assert.Equal<Sizes>([8, 6, 5], new View([-1, 0, 5]).InferShape([input]));
        Assert.Equal<Sizes>([4, 6, 10], new View([0, 0, -1]).InferShape([input]));
        Assert.Equal<Sizes>([240], new View([-1]).InferShape([input]));
        Assert.Equal<Sizes>([4, 60], new Flatten().InferShape([input]));
        Assert.Equal<Sizes>([48, 5], new Flatten { Axis = -1 }.InferShape([input]));
        Assert.Equal<Sizes>([240, 1], new Flatten { Axis = 4 }.InferShape([input]));
        foreach (Layer layer in (Layer[])[new View([-1, 0, 5]), new View([2, -1]), new Flatten { Axis = 3 }])
        {
            var shape = layer.InferShape([input]);
            Check(layer, [.. input], at => At(Flat(at, shape), input));
        }
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        Says("permute: 2 axes [1, 0] for the input 2×3×4 of 3; name every axis once, the batch among them.", new Permute([1, 0]));
        Says("permute: axis 3 of the input 2×3×4; it has 3 axes, so give -3 to 2.", new Permute([0, 1, 3]));
        Says("permute: its axes [0, 2, -1] name axis 2 of the input 2×3×4 twice; name each once.", new Permute([0, 2, -1]));
        Says("view: the input 2×3×4 has 24 elements, but the dimensions [5, -1] take a multiple of 5; give dimensions of 24 elements.", new View([5, -1]));
        Says("view: the input 2×3×4 has 24 elements, but the dimensions [2, 3] have 6; give dimensions of 24 elements.", new View([2, 3]));
        Says("view: the dimensions [-1, -1] must be at least one, each a size, 0 to copy the input's or, at most once, -1 for what is left.", new View([-1, -1]));
        Says("view: the dimensions [2, 3, 4, 0] copy axis 3 of the input 2×3×4, which has 3; give a size or -1 there.", new View([2, 3, 4, 0]));
        Says("slice: from 3 to 1 in steps of 1 nothing is left of axis 2 of the input 2×3×4; a slice must have at least one position.", new Slice([-1], [3], [1]));
        Says("slice: a step of 0 on axis 1 of the input 2×3×4; give 1 or more forwards, -1 or less backwards.", new Slice([1], [0], [1]) { Steps = [0] });
        Says("slice: 1 axes with 1 starts, 2 ends and 0 steps; give at least one axis, and one of each for every axis.", new Slice([1], [0], [1, 2]));
        Says("gather: index 4 on axis 2 of the input 2×3×4; give -4 to 3.", new Gather(2, [0, 4], [2]));
        Says("gather: 2 indices of the shape 3, which has 3; give a shape of sizes of at least 1 that has as many.", new Gather(2, [0, 1], [3]));
        Says("expand: the dimensions [2, 4] ask for 2 where the input 2×3×4 has 3; give 1 or 3 there: only axes of size 1 are repeated.", new Expand([2, 4]));
        Says("depth-to-space: the input 2×3×4 has 3 channels, which blocks of 2 do not divide evenly; give a multiple of 2 channels.", new DepthToSpace([2]));
        Says("depth-to-space: a block of 2×2 for the input 2×3×4; give one size of at least 1 for each spatial axis, after batch and channels.", new DepthToSpace([2, 2]));
        Says("space-to-depth: input 4 on spatial axis 0, which blocks of 3 do not divide evenly; pad or slice it to a multiple of 3.", new SpaceToDepth([3]));
        Says("pad-axes: (-2, -1) takes all of axis 1 of the input 2×3×4 away; crop at most 2.", new PadAxes([0, -2, 0], [0, -1, 0]));
        Says("pad-axes: a border of 3 on axis 1 of the input 2×3×4, in mode Reflect; it may be at most 2: pad less, or use Replicate.", new PadAxes([0, 3, 0], [0, 0, 0]) { Mode = BorderMode.Reflect });
        Says("pad-axes: a border value of 1 in mode Circular; it must be finite, and is for mode Zero alone.", new PadAxes([0, 0, 0], [0, 0, 0]) { Mode = BorderMode.Circular, Value = 1 });
        Says("flatten: axis 0 of the input 2×3×4 would put all examples into one; give 1 or more, or use a view of [1, -1].", new Flatten { Axis = -3 });
        Tells("concatenate: its inputs input 0 2×3×4 and input 1 2×3×5 differ in more than axis 0; pool, pad or upsample one of them to the other's size.", new Concatenate { Axis = 0 }, [[2, 3, 4], [2, 3, 5]]);

        static void Says(string message, Layer layer) => Tells(message, layer, [[2, 3, 4]]);
        static void Tells(string message, Layer layer, IReadOnlyList<Sizes> inputs) => Assert.Equal(message, Assert.Throws<ArgumentException>(() => layer.InferShape(inputs)).Message);
    }

    private static void Check(Layer layer, int[] shape, Func<int[], int[]?> source, double fill = 0) => Check([layer], shape, source, fill);

    /// <summary>Holds outputs and gradients of layers over an input of a full shape against where each output comes from; null for the constant.</summary>
    private static void Check(Layer[] layers, int[] shape, Func<int[], int[]?> source, double fill = 0)
    {
        var input = Sizes.Create(shape);
        // The whole shape is one example's, so that no axis is a batch, which a network is checked with at 1.
        var network = new NetworkDescription("net", input, [new View(input) { Name = "whole" }, .. layers]);
        var output = network.OutputShape(1);
        var sources = new int[output.Product];
        for (var i = 0; i < sources.Length; i++) sources[i] = source(At(i, output)) is { } from ? Flat(from, input) : -1;
        Check<float>(network, sources, fill, new() { Threads = 1 });
        Check<float>(network, sources, fill, new() { Threads = 3, Instructions = InstructionSet.Portable });
        Check<double>(network, sources, fill, new() { Threads = 2 });
    }

    private static void Check<T>(NetworkDescription network, int[] sources, double fill, ExecutionOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var execution = new NetworkExecution<T>(network, NetworkParameters<T>.Create(network, 1), 1, options with { Training = true, InputGradient = true });
        for (var pass = 0; pass < 2; pass++)
        {
            var v = NetworkGradients.Random<T>(execution.InputShape, 3, pass);
            var g = NetworkGradients.Random<T>(execution.OutputShape, 4, pass);
            var (values, gradients) = (v.ToDenseArray(), g.ToDenseArray());
            Assert.Equal([.. sources.Select(from => from < 0 ? T.CreateChecked(fill) : values[from])], execution.Forward(v).ToArray());
            execution.Backward(g);
            var (expected, magnitudes) = (new double[values.Length], new double[values.Length]);
            for (var i = 0; i < sources.Length; i++)
            {
                if (sources[i] < 0) continue;
                expected[sources[i]] += double.CreateChecked(gradients[i]);
                magnitudes[sources[i]] += Math.Abs(double.CreateChecked(gradients[i]));
            }

            var arrived = execution.InputGradient.ToArray();
            for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], double.CreateChecked(arrived[i]), (typeof(T) == typeof(float) ? 2e-7 : 1e-15) * (10 + magnitudes[i]));
        }
    }

    /// <summary>Counts as slices do: the start is brought to the axis, then step by step until the end or the axis's.</summary>
    private static int[] Counted(int size, int start, int end, int step)
    {
        if (start < 0) start += size;
        if (end < 0) end = Math.Max(end + size, -1);
        start = step > 0 ? Math.Max(start, 0) : Math.Min(start, size - 1);
        var taken = new List<int>();
        for (var x = start; x >= 0 && x < size && (step > 0 ? x < end : x > end); x += step) taken.Add(x);
        return [.. taken];
    }

    private static int[] At(int flat, Sizes shape)
    {
        var at = new int[shape.Count];
        for (var axis = shape.Count - 1; axis >= 0; flat /= shape[axis--]) at[axis] = flat % shape[axis];
        return at;
    }

    private static int Flat(int[] at, Sizes shape)
    {
        var flat = 0;
        for (var axis = 0; axis < shape.Count; axis++) flat = (flat * shape[axis]) + at[axis];
        return flat;
    }
}
