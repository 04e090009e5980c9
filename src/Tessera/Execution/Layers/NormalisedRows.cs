namespace Tessera.Execution.Layers;

/// <summary>
/// A tensor as rows that are normalised each by itself, and which parameters (scale and shift) are whose. A row is some segments of so many neighbouring
/// elements with one parameter each; the parameters begin anew after a period of rows:
/// <code>
///                               rows      segments of a row   elements of a segment   period
///   instances of [N, C, i…]     N C       1                   positions               C
///   G groups of [N, C, i…]      N G       C / G               positions               G
///   the last axes of a tensor   the rest  all their elements  1                       1
/// </code>
/// </summary>
/// <param name="Rows">The rows.</param>
/// <param name="Segments">The segments of a row.</param>
/// <param name="Run">The elements of a segment.</param>
/// <param name="Period">The rows after which the parameters begin anew; it divides the rows.</param>
internal readonly record struct NormalisedRows(long Rows, int Segments, int Run, int Period)
{
    /// <summary>The elements of a row.</summary>
    public long Length => (long)Segments * Run;

    /// <summary>The parameters that a row has, from the first of its own.</summary>
    public long FirstParameter(long row) => row % Period * Segments;

    /// <summary>Groups of neighbouring channels of a shape [N, C, i…].</summary>
    public static NormalisedRows OfChannels(Sizes shape, int groups) =>
        new((long)shape[0] * groups, shape[1] / groups, (int)shape.From(2).Product, groups);

    /// <summary>The axes of a shape from one on.</summary>
    public static NormalisedRows OfAxes(Sizes shape, int axis)
    {
        var length = (int)shape.From(axis).Product;
        return new(shape.Product / length, length, 1, 1);
    }
}
