namespace Tessera.Cli.Baselines;

/// <summary>How near one set of numbers is to another.</summary>
internal static class Decibel
{
    /// <summary>The mean of the squared differences.</summary>
    public static double MeanSquare(ReadOnlySpan<float> values, ReadOnlySpan<float> wanted)
    {
        double sum = 0;
        for (var i = 0; i < values.Length; i++) sum += ((double)values[i] - wanted[i]) * ((double)values[i] - wanted[i]);
        return sum / values.Length;
    }

    /// <summary>The peak signal-to-noise ratio in dB of images from 0 to 1: −10 log₁₀ of the mean square error.</summary>
    public static double Of(double meanSquare) => -10 * Math.Log10(meanSquare);
}
