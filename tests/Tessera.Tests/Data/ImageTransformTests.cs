using CsCheck;
using Tessera.Data;
using Xunit;

namespace Tessera.Tests.Data;

public class ImageTransformTests
{
    private static readonly Sizes Shape = [2, 5, 7];

    private static readonly ImageTransform[] Every =
    [
        new RandomShift(2), new HorizontalFlip(), new RandomCrop(3), new RandomRotation(30), new Cutout(3), new Normalise([0.5f, 1], [2, 3]),
    ];

    [Fact]
    public void The_same_seed_epoch_and_sample_give_the_same_bits_and_others_give_others()
    {
        foreach (var transform in Every.Where(transform => transform is not Normalise))
        {
            var augmentation = new Augmentation(transform);
            var seen = new HashSet<string>();
            for (var epoch = 0; epoch < 20; epoch++)
            {
                for (var index = 0; index < 5; index++)
                {
                    var (once, again) = (Ramp(Shape), Ramp(Shape));
                    augmentation.Apply(once, new float[70], Shape, 7, epoch, index);
                    augmentation.Apply(again, Enumerable.Repeat(float.NaN, 70).ToArray(), Shape, 7, epoch, index);
                    Assert.Equal(once, again);
                    seen.Add(string.Join(' ', once));
                }
            }

            Assert.InRange(seen.Count, transform is HorizontalFlip ? 2 : 15, 100);
        }
    }

    [Fact]
    public void A_shift_moves_every_pixel_alike_and_fills_the_rest()
    {
        Gen.Select(Gen.Long, Gen.Int[0, 4]).Sample(
            (seed, pixels) =>
            {
                var sample = Apply(new RandomShift(pixels, -1), Shape, seed);
                var matches = Enumerable.Range(-pixels, (2 * pixels) + 1).SelectMany(_ => Enumerable.Range(-pixels, (2 * pixels) + 1), (down, right) => (down, right))
                    .Count(move => Pixels(Shape).All(p => sample[At(p)] == (Inside(p.Row - move.down, p.Column - move.right)
                        ? At((p.Plane, p.Row - move.down, p.Column - move.right)) : -1)));
                Assert.Equal(1, matches);
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void A_crop_shows_a_window_of_the_mirrored_picture()
    {
        Gen.Select(Gen.Long, Gen.Int[0, 4]).Sample(
            (seed, padding) =>
            {
                var sample = Apply(new RandomCrop(padding), Shape, seed);
                var matches = Enumerable.Range(-padding, (2 * padding) + 1).SelectMany(_ => Enumerable.Range(-padding, (2 * padding) + 1), (down, right) => (down, right))
                    .Count(move => Pixels(Shape).All(p => sample[At(p)] == At((p.Plane, Mirror(p.Row + move.down, 5), Mirror(p.Column + move.right, 7)))));
                Assert.InRange(matches, 1, 2);
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void A_flip_mirrors_all_or_nothing()
    {
        Assert.Equal(Ramp(Shape), Apply(new HorizontalFlip(0), Shape, 1));
        var flipped = Apply(new HorizontalFlip(1), Shape, 1);
        Assert.All(Pixels(Shape), p => Assert.Equal(At((p.Plane, p.Row, 6 - p.Column)), flipped[At(p)]));
    }

    [Fact]
    public void A_quarter_turn_is_anticlockwise_and_no_turn_changes_nothing()
    {
        Sizes square = [1, 3, 3];
        var sample = Ramp(square);
        RandomRotation.Turn(sample, new float[9], square, 90);
        float[] expected = [2, 5, 8, 1, 4, 7, 0, 3, 6];
        for (var i = 0; i < 9; i++) Assert.Equal(expected[i], sample[i], 1e-5f);
        Assert.Equal(Ramp(Shape), Apply(new RandomRotation(0), Shape, 3));
    }

    [Fact]
    public void Half_way_between_pixels_a_turn_takes_their_mean()
    {
        // Turned by 45 degrees, the pixel right of the centre of a 3×3 picture comes from sqrt(1/2) below and right of it.
        Sizes square = [1, 3, 3];
        var sample = new float[9];
        sample[8] = 1;
        RandomRotation.Turn(sample, new float[9], square, 45);
        Assert.Equal(0.5, sample[5], 1e-6);
    }

    [Fact]
    public void Cutout_blanks_one_square_in_every_plane()
    {
        Gen.Long.Sample(
            seed =>
            {
                var sample = Apply(new Cutout(3, -1), Shape, seed);
                var blank = Pixels(Shape).Where(p => sample[At(p)] == -1).ToArray();
                var (rows, columns) = (blank.Select(p => p.Row).Distinct().ToArray(), blank.Select(p => p.Column).Distinct().ToArray());
                Assert.Equal(2 * rows.Length * columns.Length, blank.Length);
                Assert.InRange(rows.Length, 2, 3);
                Assert.InRange(columns.Length, 2, 3);
                Assert.Equal(rows.Length - 1, rows.Max() - rows.Min());
                Assert.All(Pixels(Shape).Except(blank), p => Assert.Equal(At(p), sample[At(p)]));
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void Normalising_over_a_dataset_gives_each_channel_mean_0_and_deviation_1()
    {
        var data = Dataset.Create([.. Enumerable.Range(0, 48).Select(i => (float)((i * 7) % 11) + (i / 4 % 2 * 1000))], [2, 4], [0, 0, 0, 0, 0, 0], ["a"]);
        var normalise = Normalise.Over(data);
        var all = new List<float>[] { [], [] };
        for (var i = 0; i < data.Count; i++)
        {
            var sample = new float[8];
            data.Read(i, sample);
            new Augmentation(normalise).Apply(sample, new float[8], [2, 4], 0, 0, i);
            all[0].AddRange(sample[..4]);
            all[1].AddRange(sample[4..]);
        }

        Assert.All(all, channel => Assert.Equal(0, channel.Average(), 1e-4));
        Assert.All(all, channel => Assert.Equal(1, channel.Average(value => value * value), 1e-4));
        Assert.Equal([1f], Normalise.Over(Dataset.Create([3f, 3], [1, 1], [0, 0], ["a"])).StandardDeviation);
    }

    [Fact]
    public void Signals_and_volumes_are_changed_too()
    {
        foreach (var shape in (Sizes[])[[3, 8], [2, 3, 4, 5]])
        {
            foreach (var transform in (ImageTransform[])[new RandomShift(2), new HorizontalFlip(1), new RandomCrop(2), new Cutout(2)])
                Assert.NotEqual(Ramp(shape), Apply(transform, shape, 4));
        }

        new Augmentation(new RandomRotation(9)).Check([2, 3, 4, 5]);
        Assert.Throws<ArgumentException>(() => new Augmentation(new RandomRotation(9)).Check([3, 8]));
    }

    [Fact]
    public void Descriptions_are_equal_by_value()
    {
        Assert.Equal(new Augmentation(new RandomShift(2), new Normalise([1], [2])), new Augmentation(new RandomShift(2), new Normalise([1], [2])));
        Assert.NotEqual(new Augmentation(new RandomShift(2)), new Augmentation(new RandomShift(3)));
        Assert.NotEqual(new Normalise([1], [2]), new Normalise([1], [3]));
    }

    [Fact]
    public void What_does_not_suit_the_samples_is_said_before_any_is_changed()
    {
        Assert.Contains("use less than 7", Assert.Throws<ArgumentException>(() => new Augmentation(new RandomShift(7)).Check(Shape)).Message, StringComparison.Ordinal);
        Assert.Contains("use less than 5", Assert.Throws<ArgumentException>(() => new Augmentation(new RandomCrop(5)).Check(Shape)).Message, StringComparison.Ordinal);
        Assert.Contains("1 means do not go with samples of 2×5×7", Assert.Throws<ArgumentException>(() => new Augmentation(new Normalise([1], [1])).Check(Shape)).Message, StringComparison.Ordinal);
        Assert.All(Every.Take(5), transform => Assert.Throws<ArgumentException>(() => new Augmentation(transform).Check([9])));
        Assert.Throws<ArgumentException>(() => new Normalise([1], [0]));
        Assert.Throws<ArgumentException>(() => new Normalise([float.NaN], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomRotation(double.NaN));
    }

    private static float[] Apply(ImageTransform transform, Sizes shape, long seed)
    {
        var sample = Ramp(shape);
        new Augmentation(transform).Apply(sample, new float[sample.Length], shape, seed, 0, 0);
        return sample;
    }

    private static float[] Ramp(Sizes shape) => [.. Enumerable.Range(0, (int)shape.Product).Select(i => (float)i)];

    private static IEnumerable<(int Plane, int Row, int Column)> Pixels(Sizes shape) =>
        Enumerable.Range(0, (int)shape.Product).Select(i => (i / 35, i / 7 % 5, i % 7));

    private static int At((int Plane, int Row, int Column) p) => (p.Plane * 35) + (p.Row * 7) + p.Column;

    private static bool Inside(int row, int column) => row is >= 0 and < 5 && column is >= 0 and < 7;

    private static int Mirror(int index, int size) => index < 0 ? -index : index >= size ? (2 * size) - 2 - index : index;

    [Fact]
    public void A_normalisation_is_undone_for_any_number_of_samples()
    {
        float[] samples = [.. Enumerable.Range(0, 2 * 3 * 4).Select(i => MathF.Sin(i))];
        var normalise = new Normalise([0.1f, -2, 5], [0.5f, 3, 0.01f]);
        var changed = samples.ToArray();
        for (var n = 0; n < 2; n++) new Augmentation(normalise).Apply(changed.AsSpan(n * 12, 12), new float[12], [3, 4], 0, 0, n);
        Assert.NotEqual(samples, changed);
        normalise.Undo(changed, [3, 4]);
        for (var i = 0; i < samples.Length; i++) Assert.Equal(samples[i], changed[i], 1e-5f);
        Assert.Contains("no whole samples of 3×4", Assert.Throws<ArgumentException>(() => normalise.Undo(new float[13], [3, 4])).Message, StringComparison.Ordinal);
        Assert.Contains("3 means do not go with samples of 2×4", Assert.Throws<ArgumentException>(() => normalise.Undo(new float[8], [2, 4])).Message, StringComparison.Ordinal);
    }
}
