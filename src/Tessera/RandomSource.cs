namespace Tessera;

/// <summary>
/// A source of random numbers that is the same on every machine and runtime: SplitMix64 (Steele, Lea and Flood 2014)
/// from a seed and any number of keys (epoch, sample, layer …), so that a resumed run can start any of its sources anew
/// from what it stands for, without the numbers that came before.
/// </summary>
public struct RandomSource
{
    private const ulong Golden = 0x9E3779B97F4A7C15UL;

    private ulong state;

    /// <summary>The source for a seed.</summary>
    public RandomSource(long seed) => state = Mix(unchecked((ulong)seed) + Golden);

    /// <summary>The source for a seed and one key.</summary>
    public RandomSource(long seed, long key)
        : this(seed) => state = Mix(state ^ Mix(unchecked((ulong)key + Golden)));

    /// <summary>The source for a seed and two keys.</summary>
    public RandomSource(long seed, long key, long secondKey)
        : this(seed, key) => state = Mix(state ^ Mix(unchecked((ulong)secondKey + Golden)));

    /// <summary>64 random bits.</summary>
    public ulong NextBits() => Mix(unchecked(state += Golden));

    /// <summary>Uniform in [0, 1), in steps of 2⁻⁵³.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, <paramref name="exclusiveMaximum"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The maximum is not positive.</exception>
    public int NextInt(int exclusiveMaximum)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMaximum);
        return (int)Math.BigMul(NextBits(), (ulong)exclusiveMaximum, out _);
    }

    /// <summary>Standard normal, by the method of Box and Muller (1958).</summary>
    public double NextNormal()
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>Puts <paramref name="items"/> in a random order (Fisher and Yates 1938).</summary>
    public void Shuffle<TItem>(Span<TItem> items)
    {
        for (var last = items.Length - 1; last > 0; last--)
        {
            var other = NextInt(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
