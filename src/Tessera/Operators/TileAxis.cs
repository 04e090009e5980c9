using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>One axis of a conversion from the tile of <paramref name="geometry"/> to another.</summary>
internal sealed class TileAxis(AxisGeometry geometry, int tile)
{
    public AxisGeometry Geometry { get; } = geometry;

    /// <summary>The new tile size.</summary>
    public int Tile { get; } = tile;

    /// <summary>Whether one of the two tiles fits into the other a whole number of times, or is as long as the output.</summary>
    public bool IsPossible
    {
        get
        {
            var (finer, coarser) = (Math.Max(Tile, Geometry.Tile), Math.Min(Tile, Geometry.Tile));
            return finer % coarser == 0 || finer >= Geometry.Output;
        }
    }

    /// <summary>The old tiles that new tile <paramref name="tile"/> is made of: one towards finer, several towards coarser.</summary>
    public IEnumerable<int> Sources(int tile)
    {
        if (Tile >= Geometry.Tile) return [tile % Geometry.Tile];
        return Enumerable.Range(0, ((Geometry.Tile - 1 - tile) / Tile) + 1).Select(i => tile + (i * Tile));
    }

    /// <summary>How many output positions of [first, end) use both new tile <paramref name="tile"/> and old tile <paramref name="old"/>, one being made of the other.</summary>
    public double Uses(int tile, int old, int first, int end)
    {
        var (period, residue) = Tile >= Geometry.Tile ? (Tile, tile) : (Geometry.Tile, old);
        return Math.Max(0, Below(end) - Below(first));

        int Below(int bound) => bound <= residue ? 0 : ((bound - 1 - residue) / period) + 1;
    }
}
