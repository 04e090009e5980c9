using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Imaging.Tests;

public class ConnectionsFigureTests
{
    private static readonly Gen<AxisGeometry> AnyAxis =
        from input in Gen.Int[1, 8]
        from kernel in Gen.Int[1, 4]
        from stride in Gen.Int[1, 3]
        from dilation in Gen.Int[1, 2]
        from low in Gen.Int[0, 2]
        from high in Gen.Int[0, 2]
        from rule in Gen.Int[0, 3]
        from tile in Gen.Int[0, 4]
        from flip in Gen.Bool
        where rule is 1 or 2 || input + (rule == 0 ? 0 : low + high) >= (dilation * (kernel - 1)) + 1
        select new ConvolutionDescription
        {
            Kernel = [kernel],
            Outputs = 1,
            Stride = [stride],
            Dilation = [dilation],
            Padding = rule switch { 0 => Padding.Valid, 1 => Padding.Same, 2 => Padding.Full, _ => Padding.Explicit([low], [high]) },
            Sharing = tile switch { 0 => Sharing.Unshared, 1 => Sharing.Shared, _ => Sharing.Tiled([tile]) },
            Flip = flip,
        }.Resolve(1, [input]).Axes[0];

    [Fact]
    public void Every_connection_has_one_edge_and_the_same_letter_stands_exactly_at_the_same_weight() => AnyAxis.Sample(
        axis =>
        {
            var figure = new Figure(ConnectionsFigure.ToSvg("any", [new ConnectionsPanel(axis)]));
            var wanted = Connections(axis);
            Assert.Equal(wanted.Count, figure.Edges.Count);
            Assert.Equal(wanted.Count(connection => connection.Input >= 0 && connection.Input < axis.Input), figure.Edges.Count(edge => !edge.Style.Contains("padded")));

            // Each letter lies on one edge alone, whose ends say which connection it is.
            var read = new List<(int Output, int Input, string Letter)>();
            foreach (var letter in figure.Letters)
            {
                var edge = figure.Edges.Single(edge => edge.Distance(letter) < 1);
                read.Add((figure.NumberAt(edge.X1, edge.Y1), InputAt(figure, edge, axis), letter.Text));
            }

            var letterOfWeight = new Dictionary<(int, int), string>();
            foreach (var connection in wanted)
            {
                var letter = read.Single(found => found.Output == connection.Output && found.Input == connection.Input).Letter;
                Assert.Equal(letterOfWeight.TryAdd(connection.Weight, letter) ? letter : letterOfWeight[connection.Weight], letter);
            }

            Assert.Equal(letterOfWeight.Count, letterOfWeight.Values.Distinct().Count());
            Assert.Equal(axis.PadLow + axis.PadHigh, figure.Circles.Count(circle => circle.Style.Contains("padding")));
            Assert.Equal(axis.Input + axis.Output, figure.Circles.Count(circle => !circle.Style.Contains("padding")));
            Assert.Equal(axis.UnreadInputs(), figure.Circles.Count(circle => circle.Style.Contains("unread")));
            Assert.True(figure.IsWithinItsBounds);
        },
        iter: 150, threads: 1);

    [Fact]
    public void Letters_are_left_out_or_have_room_and_stand_on_one_edge_alone()
    {
        var drawn = 0;
        Gen.Select(Gen.Int[1, 14], Gen.Int[1, 6], Gen.Int[1, 3], Gen.Int[0, 3], Gen.Int[1, 3]).Sample(
            (kernel, dilation, stride, more, tile) =>
            {
                var reach = (dilation * (kernel - 1)) + 1;
                if (reach > 13) return;
                var figure = new Figure(ConnectionsFigure.ToSvg("any", [new ConnectionsPanel(new AxisGeometry(reach + (more * stride), more + 1, kernel, stride, dilation, 0, 0, tile, false))]));
                var letters = figure.Letters.OrderBy(letter => letter.X).ToArray();
                for (var i = 1; i < letters.Length; i++) Assert.True(letters[i].X - letters[i - 1].X >= 4 * (letters[i].Text.Length + letters[i - 1].Text.Length), "letters overlap");
                foreach (var letter in letters)
                {
                    Assert.Single(figure.Edges, edge => edge.Distance(letter) < 2);
                    Assert.All(figure.Circles, circle => Assert.True(Math.Abs(circle.Y - letter.Y) > 16, "a letter lies on a unit"));
                }

                Assert.Equal(letters.Length == 0, figure.Texts.Any(text => text.Text.Contains("edges too close for letters", StringComparison.Ordinal)));
                drawn += letters.Length > 0 ? 1 : 0;
            },
            iter: 300, threads: 1);
        // Of 300 some 120 have letters, give or take ten.
        Assert.True(drawn > 50, "nearly no letters");
    }

    [Fact]
    public void Unshared_tiled_and_shared_differ_in_letters_alone()
    {
        var axis = Axis(kernel: 2, input: 5);
        var panels = ConnectionsPanel.Compare(axis, withFull: true);
        Assert.Equal(4, panels.Count);
        var figures = panels.Select(panel => new Figure(ConnectionsFigure.ToSvg("one", [panel]))).ToArray();
        Assert.Equal("abcdefgh", Read(figures[0]));
        Assert.Equal("abcdabcd", Read(figures[1]));
        Assert.Equal("abababab", Read(figures[2]));
        Assert.Equal("", Read(figures[3]));
        foreach (var figure in figures[..3]) Assert.Equal(figures[0].Edges.Select(Ends), figure.Edges.Select(Ends));
        Assert.Equal(20, figures[3].Edges.Count);

        var together = new Figure(ConnectionsFigure.ToSvg("all", panels));
        Assert.Equal(8 + 8 + 8 + 20, together.Edges.Count);
        Assert.Contains(together.Texts, text => text.Text == "Tiled: 2 kernels in turn");
        Assert.Contains(together.Texts, text => text.Text == "8 weights, 8 connections");

        static string Read(Figure figure) => string.Concat(figure.Letters.OrderBy(letter => letter.X).Select(letter => letter.Text));
        static (double, double, double, double) Ends(Figure.Edge edge) => (edge.X1, edge.Y1, edge.X2, edge.Y2);
    }

    [Fact]
    public void Two_steps_reach_what_the_stride_reaches() => AnyAxis.Where(axis => axis.Stride > 1).Sample(
        axis =>
        {
            axis = axis with { Tile = 1 };
            var figure = new Figure(ConnectionsFigure.ToSvg("two", [new ConnectionsPanel(axis) { Kind = ConnectionsKind.TwoSteps }]));
            var kept = figure.Edges.Where(edge => edge.Style.Contains("kept")).ToArray();
            Assert.Equal(axis.Output, kept.Length);
            foreach (var step in kept)
            {
                var output = figure.NumberAt(step.X1, step.Y1);
                var reached = figure.Edges.Where(edge => Math.Abs(edge.X1 - step.X2) < 0.1 && Math.Abs(edge.Y1 - step.Y2) < 0.1).Select(edge => InputAt(figure, edge, axis));
                Assert.Equal(Connections(axis).Where(connection => connection.Output == output).Select(connection => connection.Input).Order(), reached.Order());
            }
        },
        iter: 60, threads: 1);

    [Fact]
    public void Many_units_are_cut_and_the_picture_says_so()
    {
        foreach (var panel in (ConnectionsPanel[])[new(Axis(kernel: 3, input: 200_000_000)), new(Axis(kernel: 3, input: 1_000_000) with { Tile = 999_998 }), new(Axis(kernel: 5, input: 50_000)) { Kind = ConnectionsKind.Full }])
        {
            var svg = ConnectionsFigure.ToSvg("many", [panel]);
            Assert.InRange(svg.Length, 1000, 200_000);
            var figure = new Figure(svg);
            Assert.InRange(figure.Circles.Count, 10, 64);
            Assert.InRange(figure.Width, 500, 2500);
            Assert.Contains(figure.Texts, text => text.Text == $"… of {panel.Axis.Input}");
            Assert.Contains(figure.Texts, text => text.Text == $"… of {panel.Axis.Output}");
        }
    }

    [Fact]
    public void What_cannot_be_drawn_says_what_could()
    {
        var wide = Assert.Throws<ArgumentException>(() => ConnectionsFigure.ToSvg("wide", [new ConnectionsPanel(Axis(kernel: 100, input: 200))]));
        Assert.StartsWith("connections: a kernel that reaches over 100 units cannot be drawn,", wide.Message, StringComparison.Ordinal);
        Assert.Contains("use a smaller kernel or dilation", wide.Message, StringComparison.Ordinal);
        var tiled = Assert.Throws<ArgumentException>(() => ConnectionsFigure.ToSvg("tiled", [new ConnectionsPanel(Axis(kernel: 2, input: 9) with { Tile = 2 }) { Kind = ConnectionsKind.TwoSteps }]));
        Assert.Contains("use a tile of 1", tiled.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ConnectionsFigure.ToSvg("none", []));
    }

    [Fact]
    public void Letters_go_on_after_z()
    {
        Assert.Equal(["a", "z", "aa", "az", "ba", "zz", "aaa"], ((int[])[0, 25, 26, 51, 52, 701, 702]).Select(WeightLetters.Of));
        Assert.Equal(20_000, Enumerable.Range(0, 20_000).Select(WeightLetters.Of).Distinct().Count());
    }

    /// <summary>By the equation: output p and element q meet input p·s + q·δ − lo (q counted from the end where flipped), with the weight (p mod t, q).</summary>
    private static List<(int Output, int Input, (int, int) Weight)> Connections(AxisGeometry axis) =>
    [
        .. from p in Enumerable.Range(0, axis.Output)
           from q in Enumerable.Range(0, axis.Kernel)
           let along = axis.Flip ? axis.Kernel - 1 - q : q
           select (p, (p * axis.Stride) + (along * axis.Dilation) - axis.PadLow, (p % axis.Tile, q)),
    ];

    private static AxisGeometry Axis(int kernel, int input) => new(input, input - kernel + 1, kernel, 1, 1, 0, 0, 1, false);

    /// <summary>The input coordinate at an edge's lower end, told by how many units stand to the left of it.</summary>
    private static int InputAt(Figure figure, Figure.Edge edge, AxisGeometry axis) =>
        figure.Circles.Count(circle => Math.Abs(circle.Y - edge.Y2) < 0.1 && circle.X < edge.X2 - 0.1) - axis.PadLow;
}
