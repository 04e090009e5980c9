using Tessera.Cli.Data;
using Tessera.Data;
using Xunit;

namespace Tessera.Cli.Tests.Data;

public class MnistSubsetTests
{
    [Fact]
    public void The_tool_carries_as_many_images_of_every_digit()
    {
        var data = MnistSubset.Read();
        foreach (var (part, each) in ((Dataset, int)[])[(data.Training, 1000), (data.Test!, 200)])
        {
            Assert.Equal([1, 28, 28], part.SampleShape);
            Assert.Equal(Enumerable.Repeat(each, 10), Enumerable.Range(0, 10).Select(digit => Enumerable.Range(0, part.Count).Count(i => part.Label(i) == digit)));
        }
    }

    [Fact]
    public void The_first_images_are_those_of_MNIST()
    {
        var data = MnistSubset.Read();
        Assert.Equal([5, 0, 4, 1, 9, 2, 1, 3], Enumerable.Range(0, 8).Select(data.Training.Label));
        Assert.Equal([7, 2, 1, 0, 4, 1, 4, 9], Enumerable.Range(0, 8).Select(data.Test!.Label));

        // The mean over all of MNIST's training images is 0.1307, the deviation 0.3081.
        var normalise = Normalise.Over(data.Training);
        Assert.Equal(0.1307, normalise.Mean[0], 0.002);
        Assert.Equal(0.3081, normalise.StandardDeviation[0], 0.002);
    }
}
