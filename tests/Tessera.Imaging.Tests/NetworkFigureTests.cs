using CsCheck;
using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Imaging.Tests;

public class NetworkFigureTests
{
    [Fact]
    public void Without_padding_a_network_shrinks_until_its_kernel_never_moves()
    {
        var figure = new Figure(NetworkFigure.ToSvg(new NetworkDescription("shrinking", [1, 16], [Conv(6), Conv(6), Conv(6)])));
        Assert.Equal([1, 6, 11, 16], figure.Circles.GroupBy(circle => circle.Y).OrderBy(row => row.Key).Select(row => row.Count()));
        Assert.Equal((11 + 6 + 1) * 6, figure.Edges.Count);
        Assert.Single(figure.Texts, text => text.Style.Contains("never"));
        Assert.Contains(figure.Texts, text => text.Text == "11 units, sees 6");
        Assert.Contains(figure.Texts, text => text.Text == "1 unit, sees 16");
        Assert.DoesNotContain(figure.Circles, circle => circle.Style.Contains("padding"));
    }

    [Fact]
    public void Padding_keeps_its_size_and_is_drawn()
    {
        var figure = new Figure(NetworkFigure.ToSvg(new NetworkDescription("padded", [1, 16], [Conv(6) with { }, Same(6), Same(6)])));
        Assert.Equal(10, figure.Circles.Count(circle => circle.Style.Contains("padding")));
        Assert.Equal(33 * 6, figure.Edges.Count);
        Assert.DoesNotContain(figure.Texts, text => text.Style.Contains("never"));
    }

    [Fact]
    public void What_is_in_colour_is_what_the_middle_unit_of_the_last_layer_depends_on()
    {
        var layer = Gen.Select(Gen.Int[1, 4], Gen.Int[1, 2], Gen.Int[1, 2], Gen.Int[0, 2]);
        Gen.Select(Gen.Int[12, 30], layer.List[1, 3]).Sample(
            (input, layers) =>
            {
                var network = new NetworkDescription("any", [1, input], [.. layers.Select(Make)]);
                var field = ReceptiveFields.Of(network)[^1][0];
                var figure = new Figure(NetworkFigure.ToSvg(network));
                // Of rows that are too long only a part is drawn.
                if (figure.Texts.Any(text => text.Text.StartsWith("… of", StringComparison.Ordinal))) return;
                var lowest = figure.Circles.Max(circle => circle.Y);
                Assert.Equal(
                    field.InputsOf((field.Count - 1) / 2).Sum(stretch => stretch.End - stretch.First),
                    figure.Circles.Count(circle => circle.Y == lowest && circle.Style.Contains("seen")));
                Assert.Single(figure.Circles, circle => circle.Y == figure.Circles.Min(other => other.Y) && circle.Style.Contains("seen"));
                Assert.Equal(network.Shapes(1).Sum(shape => shape[2]) + input, figure.Circles.Count(circle => !circle.Style.Contains("padding")));
                Assert.True(figure.IsWithinItsBounds);
            },
            iter: 60, threads: 1);

        static Layer Make((int Kernel, int Stride, int Dilation, int Kind) of)
        {
            var description = new ConvolutionDescription { Kernel = [of.Kernel], Outputs = 1, Stride = [of.Stride], Dilation = [of.Dilation], Padding = of.Kind == 0 ? Padding.Full : Padding.Same };
            // A dilated transpose leaves positions that depend on nothing.
            return of.Kind == 2 ? new TransposedConvolution(description with { Padding = Padding.Valid, Dilation = [1] }, 1) : new Convolution(description);
        }
    }

    [Fact]
    public void Pooling_unpooling_upsampling_and_borders_are_layers_too()
    {
        var network = new NetworkDescription(
            "all", [2, 12, 8],
            [
                new Pad([1, 0], [1, 0]) { Name = "pad" }, new MaxPool { Window = [2, 2], Name = "pool" }, new Relu(), new MaxUnpool("pool"), new Upsample([2, 2]), new GlobalPool(), new Flatten(), new Dense(3),
            ]);
        foreach (var (axis, counts) in ((int, int[])[])[(0, [12, 14, 7, 14, 28, 1]), (1, [8, 8, 4, 8, 16, 1])])
        {
            var figure = new Figure(NetworkFigure.ToSvg(network, axis));
            Assert.Equal(counts, figure.Circles.Where(circle => !circle.Style.Contains("padding")).GroupBy(circle => circle.Y).OrderByDescending(row => row.Key).Select(row => row.Count()));
        }

        var unpool = new Figure(NetworkFigure.ToSvg(new NetworkDescription("un", [1, 6], [new MaxPool { Window = [2], Name = "pool" }, new MaxUnpool("pool")])));
        Assert.Equal(12, unpool.Edges.Count);
    }

    [Fact]
    public void A_constant_stands_on_no_way_from_the_input()
    {
        Layer[] branch = [new Constant([1, 1, 16]) { Name = "given" }, Conv(3) with { Name = "of given", Inputs = ["given"] }, Conv(3) with { Name = "of input", Inputs = ["input"] }, new Add { Inputs = ["of given", "of input"] }];
        var figure = new Figure(NetworkFigure.ToSvg(new NetworkDescription("branch", [1, 16], branch)));
        Assert.Contains(figure.Texts, text => text.Text == "of input");
        Assert.DoesNotContain(figure.Texts, text => text.Text is "of given" or "given");
    }

    [Fact]
    public void A_tied_decoder_has_the_connections_of_its_encoder()
    {
        var encoder = new Convolution(new ConvolutionDescription { Kernel = [3], Outputs = 1, Stride = [2], Padding = Padding.Same }) { Name = "code" };
        var figure = new Figure(NetworkFigure.ToSvg(new NetworkDescription("tied", [1, 9], [encoder, new TiedTranspose("code")])));
        Assert.Equal([9, 5, 9], figure.Circles.Where(circle => !circle.Style.Contains("padding")).GroupBy(circle => circle.Y).OrderBy(row => row.Key).Select(row => row.Count()));
        // Fifteen down, of which two into the padding, and thirteen up again.
        Assert.Equal(15 + 13, figure.Edges.Count);
    }

    [Fact]
    public void Of_several_ways_the_longest_is_drawn()
    {
        var figure = new Figure(NetworkFigure.ToSvg(new NetworkDescription(
            "residual", [1, 12],
            [Same(3) with { Name = "a" }, Same(5) with { Name = "b" }, new Relu { Name = "r" }, new Add { Inputs = ["a", "r"], Name = "sum" }, new MaxPool { Window = [2] }])));
        Assert.Equal([6, 12, 12, 12], figure.Circles.Where(circle => !circle.Style.Contains("padding")).GroupBy(circle => circle.Y).OrderBy(row => row.Key).Select(row => row.Count()));
        Assert.Contains(figure.Texts, text => text.Text.EndsWith("; of several ways the longest", StringComparison.Ordinal));
    }

    [Fact]
    public void Large_networks_are_cut()
    {
        var svg = NetworkFigure.ToSvg(new NetworkDescription("large", [1, 100_000], [.. Enumerable.Repeat(Same(9), 60)]));
        Assert.InRange(svg.Length, 1000, 1_500_000);
        var figure = new Figure(svg);
        Assert.InRange(figure.Circles.Count, 100, 24 * 48);
        Assert.Contains(figure.Texts, text => text.Text.StartsWith("… of 100000 units", StringComparison.Ordinal));
        Assert.Contains(figure.Texts, text => text.Text.EndsWith("the first 23 of 60 layers shown", StringComparison.Ordinal));
    }

    [Fact]
    public void A_network_without_axes_or_windows_is_an_error_with_a_way_out()
    {
        Assert.Contains("has no spatial axes to draw along; give a model of images or signals", Assert.Throws<ArgumentException>(() => NetworkFigure.ToSvg(new NetworkDescription("flat", [4], [new Dense(2)]))).Message, StringComparison.Ordinal);
        Assert.Contains("no layer moves a window", Assert.Throws<ArgumentException>(() => NetworkFigure.ToSvg(new NetworkDescription("dense", [1, 4], [new Dense(2)]))).Message, StringComparison.Ordinal);
        Assert.Contains("choose 0 to 0", Assert.Throws<ArgumentException>(() => NetworkFigure.ToSvg(new NetworkDescription("one", [1, 8], [Conv(2)]), 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Channels_have_an_edge_or_a_dot_for_every_pair()
    {
        foreach (var (channels, inputs, outputs, pairs) in ((ChannelConnections, int, int, int)[])[
            (ChannelConnections.Dense, 3, 5, 15), (ChannelConnections.Groups(2), 4, 6, 12), (ChannelConnections.Depthwise, 5, 10, 10),
            (ChannelConnections.Table(ConnectionTable.FromRows([[0, 2], [], [1]])), 4, 3, 3)])
        {
            var figure = Draw(channels, inputs, outputs);
            Assert.Equal(pairs, figure.Edges.Count);
            Assert.Equal(inputs + outputs, figure.Circles.Count);
            foreach (var edge in figure.Edges) Assert.True(Sees(channels, inputs, outputs, figure.NumberAt(edge.X1, edge.Y1), figure.NumberAt(edge.X2, edge.Y2)));
        }

        var table = Draw(ChannelConnections.Table(ConnectionTable.LeNet5), 6, 16);
        Assert.Equal(60, table.Circles.Count);
        Assert.Equal([3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6], table.Circles.GroupBy(dot => dot.X).OrderBy(column => column.Key).Select(column => column.Count()));
        var large = Draw(ChannelConnections.Groups(4), 4000, 4000);
        Assert.Equal(64 * 64, large.Circles.Count);
        Assert.Contains(large.Texts, text => text.Text == "outputs (the first 64 of 4000) across, inputs (the first 64 of 4000) down");

        static Figure Draw(ChannelConnections channels, int inputs, int outputs) =>
            new(ChannelsFigure.ToSvg("c", new ConvolutionDescription { Kernel = [1], Outputs = outputs, Channels = channels }.Resolve(inputs, [1])));

        static bool Sees(ChannelConnections channels, int inputs, int outputs, int output, int input)
        {
            if (channels.ConnectionTable is { } table) return table.InputsOf(output).Contains(input);
            var groups = channels.GroupCount == 0 ? inputs : channels.GroupCount;
            return output * groups / outputs == input * groups / inputs;
        }
    }

    private static Convolution Conv(int kernel) => new(new ConvolutionDescription { Kernel = [kernel], Outputs = 1 });

    private static Convolution Same(int kernel) => new(new ConvolutionDescription { Kernel = [kernel], Outputs = 1, Padding = Padding.Same });
}
