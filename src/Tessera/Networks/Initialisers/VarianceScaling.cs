using System.Numerics;

namespace Tessera.Networks.Initialisers;

/// <summary>Draws weights of mean 0 whose variance follows from the fans; what He, Glorot and LeCun have in common.</summary>
internal static class VarianceScaling
{
    /// <summary>Fills a weight; with a connection table each output has the fan-in of its own row.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="parameter">Shape and fans.</param>
    /// <param name="distribution">Normal or uniform.</param>
    /// <param name="variance">The variance for a fan-in and a fan-out.</param>
    /// <param name="random">Where the numbers come from.</param>
    public static void Fill<T>(Span<T> values, ParameterDescription parameter, Distribution distribution, Func<double, double, double> variance, ref RandomSource random)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var fanOut = Math.Max(1, parameter.FanOut);
        if (parameter.Table is not { } table)
        {
            Draw(values, variance(Math.Max(1, parameter.FanIn), fanOut), distribution, ref random);
            return;
        }

        for (int at = 0, tile = 0; tile < parameter.Matrices[0]; tile++)
        {
            for (var output = 0; output < table.Outputs; output++)
            {
                var count = table.InputsOf(output).Length * parameter.Matrices[2];
                Draw(values.Slice(at, count), variance(Math.Max(1, count), fanOut), distribution, ref random);
                at += count;
            }
        }
    }

    private static void Draw<T>(Span<T> values, double variance, Distribution distribution, ref RandomSource random)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var deviation = Math.Sqrt(variance);
        // A uniform distribution on (−a, a) has variance a²/3.
        var reach = deviation * Math.Sqrt(3);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = T.CreateTruncating(distribution == Distribution.Normal
                ? random.NextNormal() * deviation
                : ((random.NextDouble() * 2) - 1) * reach);
        }
    }
}
