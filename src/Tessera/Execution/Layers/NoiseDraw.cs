using System.Numerics;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Layers;

/// <summary>
/// Corrupts a row of elements piece by piece (<see cref="Chunks.Elements"/> each): what falls on a piece follows from a key and from where it
/// starts, so that a backward pass can draw it again. Float and double draw the same.
/// </summary>
internal readonly struct NoiseDraw<T>(Noise noise)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Whether what comes out is what came in and something added, so that gradients pass unchanged.</summary>
    public bool IsAdded => noise.Corruption == NoiseKind.Gaussian;

    /// <summary>From v to its corruption; both may be the same memory.</summary>
    public void Corrupt(ReadOnlySpan<T> from, Span<T> to, long key, long start)
    {
        var random = new RandomSource(key, start);
        switch (noise.Corruption)
        {
            case NoiseKind.Gaussian:
                for (var i = 0; i < to.Length; i++) to[i] = from[i] + T.CreateTruncating(noise.Amount * random.NextNormal());
                break;
            case NoiseKind.Masking:
                Pass(from, to, key, start);
                break;
            default:
                var (least, most) = (T.CreateTruncating(noise.Least), T.CreateTruncating(noise.Most));
                for (var i = 0; i < to.Length; i++)
                {
                    var drawn = random.NextDouble();
                    to[i] = drawn >= noise.Amount ? from[i] : drawn < noise.Amount / 2 ? least : most;
                }

                break;
        }
    }

    /// <summary>What stands in places that are lost becomes 0; for noise that is not added.</summary>
    public void Pass(ReadOnlySpan<T> from, Span<T> to, long key, long start)
    {
        var random = new RandomSource(key, start);
        for (var i = 0; i < to.Length; i++) to[i] = random.NextDouble() >= noise.Amount ? from[i] : T.Zero;
    }
}
