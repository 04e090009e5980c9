namespace Tessera.Bench.Contestants;

/// <summary>Sizes as the peers' interfaces take them.</summary>
internal static class SizesForPeers
{
    public static long[] ToLongs(this Sizes sizes) => [.. sizes.Select(size => (long)size)];
}
