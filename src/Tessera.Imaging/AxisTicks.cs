using System.Globalization;

namespace Tessera.Imaging;

/// <summary>Round numbers for an axis: steps of 1, 2 or 5 times a power of ten.</summary>
internal readonly record struct AxisTicks(double First, double Step, int Count)
{
    public double Last => First + (Step * (Count - 1));

    /// <summary>About <paramref name="wanted"/> ticks from at or below <paramref name="least"/> to at or above <paramref name="most"/>.</summary>
    public static AxisTicks Around(double least, double most, int wanted)
    {
        if (!(most > least)) most = least + (least == 0 ? 1 : Math.Abs(least));
        var rough = (most - least) / wanted;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        var first = Math.Floor((least / step) + 1e-9) * step;
        return new AxisTicks(first, step, (int)Math.Ceiling(((most - first) / step) - 1e-9) + 1);
    }

    public IEnumerable<double> Values()
    {
        for (var i = 0; i < Count; i++) yield return First + (i * Step);
    }

    /// <summary>A tick with as many decimals as the step has.</summary>
    public string Format(double value)
    {
        var decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(Step) - 1e-9), 0, 12);
        return Math.Abs(value) >= 1e6 ? value.ToString("0.##e0", CultureInfo.InvariantCulture) : value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
