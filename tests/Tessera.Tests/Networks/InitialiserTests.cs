using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Initialisers;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Networks;

public class InitialiserTests
{
    [Theory]
    [InlineData(Distribution.Normal)]
    [InlineData(Distribution.Uniform)]
    public void Variances_follow_from_the_fans(Distribution distribution)
    {
        // 3×3 over 16 of 32 channels: fan-in 144, fan-out (64 / 2) · 9 = 288.
        var grouped = new ConvolutionDescription { Kernel = [3, 3], Outputs = 64, Channels = ChannelConnections.Groups(2) };
        Assert.Equal(2.0 / 144, Variance(grouped, new He(distribution)), 0.05 * 2 / 144);
        Assert.Equal(2.0 / 432, Variance(grouped, new Glorot(distribution)), 0.05 * 2 / 432);
        Assert.Equal(1.0 / 144, Variance(grouped, new LeCun(distribution)), 0.05 * 1 / 144);
        // How often kernels repeat changes no fan.
        Assert.Equal(2.0 / 144, Variance(grouped with { Sharing = Sharing.Unshared }, new He(distribution)), 0.05 * 2 / 144);
    }

    [Fact]
    public void Each_output_of_a_table_has_the_fan_in_of_its_own_row()
    {
        var table = ConnectionTable.FromRows([[0], [.. Enumerable.Range(0, 32)]]);
        var kernel = Kernel(new ConvolutionDescription { Kernel = [30, 30], Outputs = 2, Channels = ChannelConnections.Table(table) }, new He(), 32);
        Assert.Equal(2.0 / 900, Square(kernel[..900]), 0.3 * 2 / 900);
        Assert.Equal(2.0 / 28800, Square(kernel[900..]), 0.05 * 2 / 28800);
    }

    [Fact]
    public void A_transposed_convolution_sums_over_its_own_input()
    {
        var network = new NetworkDescription("net", [8, 4, 4], [new TransposedConvolution(new() { Kernel = [4, 4], Outputs = 8, Stride = [2, 2] }, 3)]);
        var description = network.Parameters[0].Description;
        Assert.Equal(8 * 16 / 4, description.FanIn);
        Assert.Equal(3 * 16, description.FanOut);
    }

    [Theory]
    [InlineData(5, 2)]
    [InlineData(40, 3)]
    public void Orthogonal_rows_or_columns_are_orthonormal(int outputs, int channels)
    {
        var columns = channels * 4;
        var kernel = Kernel(new ConvolutionDescription { Kernel = [2, 2], Outputs = outputs, Sharing = Sharing.Tiled([2, 1]) }, new Orthogonal(), channels);
        for (var tile = 0; tile < 2; tile++)
        {
            var matrix = kernel.AsSpan(tile * outputs * columns, outputs * columns).ToArray();
            for (var i = 0; i < Math.Min(outputs, columns); i++)
            {
                for (var j = 0; j <= i; j++)
                {
                    var dot = outputs <= columns
                        ? Enumerable.Range(0, columns).Sum(k => matrix[(i * columns) + k] * matrix[(j * columns) + k])
                        : Enumerable.Range(0, outputs).Sum(k => matrix[(k * columns) + i] * matrix[(k * columns) + j]);
                    Assert.Equal(i == j ? 1 : 0, dot, 1e-12);
                }
            }
        }
    }

    [Fact]
    public void Orthogonal_refuses_a_table_with_a_way_out()
    {
        var exception = Assert.Throws<ArgumentException>(() => Kernel(new ConvolutionDescription { Kernel = [3, 3], Outputs = 16, Channels = ChannelConnections.Table(ConnectionTable.LeNet5) }, new Orthogonal(), 6));
        Assert.StartsWith("conv1.kernel: orthogonal initialisation needs rows of one length", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_gives_the_same_weights_in_float_and_double_and_another_seed_others()
    {
        var network = new NetworkDescription("net", [4, 9], [new Convolution(new() { Kernel = [3], Outputs = 5 }), new Relu(), new Dense(3)]);
        var first = NetworkParameters<double>.Create(network, 3);
        Assert.Equal(first.SelectMany(p => p.Span.ToArray()), NetworkParameters<double>.Create(network, 3).SelectMany(p => p.Span.ToArray()));
        Assert.Equal(first.SelectMany(p => p.Span.ToArray().Select(v => (float)v)), NetworkParameters<float>.Create(network, 3).SelectMany(p => p.Span.ToArray()));
        Assert.NotEqual(first[0].Span.ToArray(), NetworkParameters<double>.Create(network, 4)[0].Span.ToArray());
        var clone = first.Clone();
        clone[0].Span[0] += 1;
        Assert.NotEqual(first[0].Span[0], clone[0].Span[0]);
        first.CopyFrom(clone);
        Assert.Equal(first[0].Span[0], clone[0].Span[0]);
    }

    [Fact]
    public void A_layers_own_initialiser_comes_before_the_networks_and_that_before_the_default()
    {
        var own = new NetworkDescription("net", [50], [new Dense(200) { Initialiser = new LeCun() }, new Relu(), new Dense(200), new Relu()]);
        var given = NetworkParameters<double>.Create(own, 1, new Glorot());
        Assert.Equal(1.0 / 50, Square(given["dense1.kernel"].Span), 0.1 / 50);
        Assert.Equal(2.0 / 400, Square(given["dense2.kernel"].Span), 0.1 * 2 / 400);
        Assert.Equal(2.0 / 200, Square(NetworkParameters<double>.Create(own, 1)["dense2.kernel"].Span), 0.1 * 2 / 200);
        Assert.All(given["dense1.bias"].Span.ToArray(), value => Assert.Equal(0, value));
    }

    private static double Variance(ConvolutionDescription description, Initialiser initialiser) => Square(Kernel(description, initialiser, 32));

    private static double[] Kernel(ConvolutionDescription description, Initialiser initialiser, int channels)
    {
        Sizes input = [channels, .. description.Kernel.Select(size => size + 2)];
        var network = new NetworkDescription("net", input, [new Convolution(description) { Initialiser = initialiser }]);
        return NetworkParameters<double>.Create(network, 1)["conv1.kernel"].Span.ToArray();
    }

    private static double Square(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value * value;
        return sum / values.Length;
    }
}
