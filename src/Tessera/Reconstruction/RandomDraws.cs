using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Tessera.Reconstruction;

/// <summary>
/// Random numbers by the row, drawn two from 64 bits and made of whole vectors, without a branch on any of them. They have 24 random bits each,
/// which float holds exactly and below 1, so that float and double draw alike.
/// </summary>
[SkipLocalsInit]
internal static class RandomDraws
{
    /// <summary>The most elements of one row: pieces stay in the nearest cache.</summary>
    public const int Row = 1024;

    private const double Step = 1.0 / (1 << 24);

    /// <summary>Uniform in [0, 1), in steps of 2⁻²⁴.</summary>
    public static void Uniform<T>(Span<T> values, ref RandomSource random)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var step = T.CreateTruncating(Step);
        for (var i = 0; i < values.Length; i += 2)
        {
            var bits = random.NextBits();
            values[i] = T.CreateTruncating((int)(bits >> 40)) * step;
            if (i + 1 < values.Length) values[i + 1] = T.CreateTruncating((int)(bits >> 8) & 0xFFFFFF) * step;
        }
    }

    /// <summary>Standard normal, by both numbers of Box and Muller (1958): r cos φ and r sin φ, r = √(−2 log(1 − u)), φ = 2πu′.</summary>
    /// <param name="values">At most <see cref="Row"/>.</param>
    /// <param name="random">Where they come from.</param>
    public static void Normal<T>(Span<T> values, ref RandomSource random)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var half = (values.Length + 1) / 2;
        Span<T> radius = stackalloc T[half];
        Span<T> angle = stackalloc T[half];
        Span<T> other = stackalloc T[half];
        Uniform(radius, ref random);
        Uniform(angle, ref random);
        TensorPrimitives.Subtract(T.One, radius, radius);
        TensorPrimitives.Log(radius, radius);
        TensorPrimitives.Multiply(radius, T.CreateTruncating(-2), radius);
        TensorPrimitives.Sqrt(radius, radius);
        TensorPrimitives.Multiply(angle, T.CreateTruncating(2 * Math.PI), angle);
        TensorPrimitives.Sin(angle, other);
        TensorPrimitives.Cos(angle, angle);
        TensorPrimitives.Multiply(angle, radius, values[..half]);
        var rest = values.Length - half;
        TensorPrimitives.Multiply(other[..rest], radius[..rest], values[half..]);
    }

    /// <summary>1 with the probability that each mean says, else 0; in the means' own memory if wanted.</summary>
    /// <param name="means">At most <see cref="Row"/>, from 0 to 1.</param>
    /// <param name="states">As many; overwritten.</param>
    /// <param name="random">Where they come from.</param>
    public static void Binary<T>(ReadOnlySpan<T> means, Span<T> states, ref RandomSource random)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> uniform = stackalloc T[means.Length];
        Uniform(uniform, ref random);
        // Above −1 and at most 1: rounded up it is 1 where the mean is larger, else 0.
        TensorPrimitives.Subtract(means, uniform, states);
        TensorPrimitives.Ceiling(states, states);
        TensorPrimitives.Max(states, T.Zero, states);
    }
}
