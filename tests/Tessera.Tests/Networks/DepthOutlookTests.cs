using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Xunit;

namespace Tessera.Tests.Networks;

public class DepthOutlookTests
{
    [Fact]
    public void Without_padding_a_kernel_of_six_allows_three_layers_over_sixteen()
    {
        Sizes[] sizes = [[11, 6, 1], [6, 1], [1]];
        for (var depth = 1; depth <= 3; depth++)
        {
            var outlook = Assert.Single(DepthOutlook.Of(Chain(depth, Padding.Valid)));
            Assert.Equal(sizes[depth - 1], outlook.Sizes);
            Assert.False(outlook.GoesOn);
        }
    }

    [Fact]
    public void With_five_zeros_a_layer_it_goes_on()
    {
        var outlook = Assert.Single(DepthOutlook.Of(Chain(4, Padding.Same)));
        Assert.Equal([16], outlook.Sizes);
        Assert.True(outlook.GoesOn);
    }

    private static NetworkDescription Chain(int depth, Padding padding) =>
        new("figure 9.13", [1, 16], [.. Enumerable.Range(0, depth).Select(_ => new Convolution(new() { Kernel = [6], Outputs = 1, Padding = padding }))]);
}
