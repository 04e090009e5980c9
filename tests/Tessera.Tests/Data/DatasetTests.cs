using CsCheck;
using Tessera.Data;
using Xunit;

namespace Tessera.Tests.Data;

public class DatasetTests
{
    [Fact]
    public void Bytes_are_read_as_0_to_1_and_subsets_keep_their_samples()
    {
        var data = Dataset.Create([0, 51, 102, 153, 204, 255], [1, 2], [2, 0, 1], ["a", "b", "c"]);
        var sample = new float[2];
        var part = data.Subset([2, 0]).Subset([1, 0, 0]);
        part.Read(0, sample);
        Assert.Equal([0f, 51 / 255f], sample);
        part.Read(2, sample);
        Assert.Equal([204 / 255f, 1f], sample);
        Assert.Equal([2, 1, 1], Enumerable.Range(0, part.Count).Select(part.Label));
        Assert.Equal(2, data.Take(2).Count);
        Assert.Same(data, data.Take(7));
        Assert.Equal([2, 1, 1], data.WithSampleShape([2, 1, 1]).SampleShape);
    }

    [Fact]
    public void A_validation_part_takes_the_same_share_of_every_class_and_loses_nothing()
    {
        Gen.Select(Gen.Int[0, 2].Array[40, 80], Gen.Long, Gen.Double[0.2, 0.8]).Sample(
            (labels, seed, fraction) =>
            {
                var data = Dataset.Create([.. Enumerable.Range(0, labels.Length).Select(i => (float)i)], [1, 1], labels, ["a", "b", "c"]);
                var (training, validation) = data.Split(fraction, seed);
                Assert.Equal(Enumerable.Range(0, labels.Length).Select(i => (float)i), Values(training).Concat(Values(validation)).Order());
                Assert.Equal(Values(validation).Order(), Values(validation));
                for (var kind = 0; kind < 3; kind++)
                {
                    var wanted = (int)Math.Round(labels.Count(label => label == kind) * fraction);
                    Assert.Equal(wanted, Enumerable.Range(0, validation.Count).Count(i => validation.Label(i) == kind));
                }

                Assert.Equal(Values(validation), Values(data.Split(fraction, seed).Validation));
            },
            iter: 30, threads: 1);
    }

    [Fact]
    public void Targets_go_with_their_samples()
    {
        var data = Dataset.Create([1f, 2, 3, 4], [2, 1], [10f, 20, 30, 40, 50, 60], [3]);
        var target = new float[3];
        var (training, validation) = data.Split(0.5, 1);
        foreach (var part in (Dataset[])[training, validation])
        {
            var sample = new float[2];
            part.Read(0, sample);
            part.ReadTarget(0, target);
            Assert.Equal(sample[0] == 1 ? 10 : 40, target[0]);
        }

        Assert.False(data.IsLabelled);
        Assert.Throws<InvalidOperationException>(() => data.Label(0));
    }

    [Theory]
    [InlineData(5, 2, "5 values are not 2 samples (one for each label) of 1×3")]
    [InlineData(6, 3, "6 values are not 3 samples")]
    public void Lengths_that_do_not_belong_together_are_refused(int values, int count, string says)
    {
        var error = Assert.Throws<ArgumentException>(() => Dataset.Create(new byte[values], [1, 3], new int[count], ["a"]));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_without_a_class_and_values_that_are_not_finite_are_refused()
    {
        Assert.Contains("label 2 of sample 1", Assert.Throws<ArgumentException>(() => Dataset.Create(new byte[2], [1, 1], [0, 2], ["a", "b"])).Message, StringComparison.Ordinal);
        Assert.Contains("label -1", Assert.Throws<ArgumentException>(() => Dataset.Create(new byte[1], [1, 1], [-1], ["a", "b"])).Message, StringComparison.Ordinal);
        Assert.Contains("sample 1 holds NaN", Assert.Throws<ArgumentException>(() => Dataset.Create([0, 0, float.NaN, 0], [1, 2], [0, 0], ["a"])).Message, StringComparison.Ordinal);
        Assert.Contains("target 0 holds Infinity", Assert.Throws<ArgumentException>(() => Dataset.Create([0, 0f], [1, 1], [float.PositiveInfinity, 0], [1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Dataset.Create([0f, 0, 0], [1, 1], [1f, 2], [1]));
        Assert.Throws<ArgumentException>(() => Dataset.Create([0f, 0], [0, 1], [1f, 2], [1]));
        var data = Dataset.Create(new byte[2], [1, 1], [0, 0], ["a"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Label(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Subset([0, -1]));
        Assert.Throws<ArgumentException>(() => data.WithSampleShape([2]));
        Assert.Throws<ArgumentException>(() => data.Split(0.1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Split(double.NaN, 0));
    }

    private static float[] Values(Dataset data)
    {
        var values = new float[data.Count];
        for (var i = 0; i < values.Length; i++) data.Read(i, values.AsSpan(i, 1));
        return values;
    }
}
