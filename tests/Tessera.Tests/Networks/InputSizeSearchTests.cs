using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Xunit;

namespace Tessera.Tests.Networks;

public class InputSizeSearchTests
{
    [Fact]
    public void The_sizes_found_are_those_that_give_the_output_and_no_others()
    {
        Layer[] layers =
        [
            new Convolution(new() { Kernel = [5], Outputs = 2, Stride = [2] }),
            new MaxPool { Window = [3], Stride = [2], CeilMode = true },
            new Convolution(new() { Kernel = [3], Outputs = 2, Stride = [3], Padding = Padding.Same }),
        ];
        var network = new NetworkDescription("chain", [1, 60], layers);
        for (var output = 1; output <= 6; output++)
        {
            var found = InputSizeSearch.For(network, 2, 0, output);
            for (var size = 1; size < 120; size++)
            {
                Assert.Equal(OutputOf(layers, size) == output, found.Any(range => size >= range.First && size <= range.Last));
            }
        }
    }

    [Fact]
    public void A_global_pool_gives_one_for_every_size_that_reaches_it()
    {
        var network = new NetworkDescription("global", [1, 9], [new Convolution(new() { Kernel = [4], Outputs = 2 }), new GlobalPool()]);
        Assert.Equal([(4, InputSizeSearch.LargestSize)], InputSizeSearch.For(network, 1, 0, 1));
        Assert.Empty(InputSizeSearch.For(network, 1, 0, 2));
    }

    private static int? OutputOf(Layer[] layers, int size)
    {
        try
        {
            return new NetworkDescription("chain", [1, size], layers).OutputShape(1)[2];
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
