namespace Tessera.Imaging;

/// <summary>Names for weights in figures: a to z, then aa, ab and so on.</summary>
internal static class WeightLetters
{
    /// <summary>The name of a weight by its number, from 0; different for different numbers.</summary>
    public static string Of(int weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        var letters = "";
        for (var rest = (long)weight + 1; rest > 0; rest = (rest - 1) / 26) letters = (char)('a' + ((rest - 1) % 26)) + letters;
        return letters;
    }
}
