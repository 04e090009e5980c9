using CsCheck;
using Tessera.Connections;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Connections;

/// <summary>Lists of taps against the meetings of output, kernel and input that the equations give.</summary>
public class TapConvolutionTests
{
    [Fact]
    public void The_taps_of_all_residues_are_the_meetings_of_the_operator() => RandomOperator.Any.Sample(
        sample =>
        {
            var geometry = sample.Geometry;
            var expected = Meeting.All(geometry).Select(at => (at.Output, at.Input, at.Kernel, at.Tile)).Order();
            Assert.Equal(expected, TapConvolution.Forward(geometry).SelectMany(Meetings).Order());
            Assert.Equal(expected, TapConvolution.Forward(geometry).SelectMany(Inside).Order());
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void The_taps_of_all_phases_are_the_same_meetings_seen_from_the_input() => RandomOperator.Any.Sample(
        sample =>
        {
            var geometry = sample.Geometry;
            var expected = Meeting.All(geometry).Select(at => (at.Input, at.Output, at.Kernel, at.Tile)).Order();
            Assert.Equal(expected, TapConvolution.InputGradient(geometry).SelectMany(Meetings).Order());
            Assert.Equal(expected, TapConvolution.InputGradient(geometry).SelectMany(Inside).Order());
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void Parts_together_write_every_position_once() => RandomOperator.Any.Sample(
        sample =>
        {
            var geometry = sample.Geometry;
            Assert.Equal(geometry.OutputSize.Product, TapConvolution.Forward(geometry).Sum(part => part.Positions));
            Assert.Equal(geometry.InputSize.Product, TapConvolution.InputGradient(geometry).Sum(part => part.Positions));
        },
        iter: 100,
        threads: 1);

    private static IEnumerable<(int Result, int Source, int Kernel, int Tile)> Inside(TapConvolution part) =>
        Enumerable.Range(0, part.TapCount).SelectMany(tap => part.Inside(tap).Select(pair => ((int)pair.Result, (int)pair.Source, part.Elements[tap], part.Tiles[tap])));

    private static IEnumerable<(int Result, int Source, int Kernel, int Tile)> Meetings(TapConvolution part)
    {
        var rank = part.Axes.Length;
        for (var position = 0; position < part.Positions; position++)
        {
            for (var tap = 0; tap < part.TapCount; tap++)
            {
                int rest = position, result = 0, source = 0, resultStride = 1, sourceStride = 1;
                var inside = true;
                for (var a = rank - 1; a >= 0; a--)
                {
                    var axis = part.Axes[a];
                    var j = rest % axis.Count;
                    rest /= axis.Count;
                    var x = (j * axis.SourceStep) + part.Offsets[(tap * rank) + a];
                    inside &= x >= 0 && x < axis.SourceSize;
                    result += (axis.ResultStart + (j * axis.ResultStep)) * resultStride;
                    source += x * sourceStride;
                    resultStride *= axis.ResultSize;
                    sourceStride *= axis.SourceSize;
                }

                if (inside) yield return (result, source, part.Elements[tap], part.Tiles[tap]);
            }
        }
    }
}
