namespace Tessera.Connections;

/// <summary>
/// Which output positions carry the same weights: positions whose coordinates agree modulo the tile size, per axis
/// (chapter equation 9.10). Shared is a tile of 1 on every axis; unshared a tile as large as the output.
/// </summary>
public sealed record Sharing
{
    private Sharing(Sizes tile, bool isUnshared) => (Tile, IsUnshared) = (tile, isUnshared);

    /// <summary>One kernel for every position: ordinary convolution.</summary>
    public static Sharing Shared { get; } = new([], false);

    /// <summary>A kernel of its own for every output position: a locally connected layer (equation 9.9).</summary>
    public static Sharing Unshared { get; } = new([], true);

    /// <summary>The tile size per axis; empty for shared and unshared.</summary>
    public Sizes Tile { get; }

    /// <summary>Whether every position has its own weights.</summary>
    public bool IsUnshared { get; }

    /// <summary>Whether one kernel serves all positions, and kernel tensors have no tile axes.</summary>
    public bool IsShared => !IsUnshared && Tile.Count == 0;

    /// <summary>Kernels repeat every <paramref name="tile"/> output positions, per axis.</summary>
    /// <exception cref="ArgumentException">No axis is given, or a tile is below 1.</exception>
    public static Sharing Tiled(Sizes tile)
    {
        if (tile.Count == 0) throw new ArgumentException("sharing: a tile needs one size per axis, such as [2, 2].", nameof(tile));
        for (var axis = 0; axis < tile.Count; axis++)
        {
            if (tile[axis] < 1)
            {
                throw new ArgumentException(
                    $"sharing: tile {tile[axis]} on axis {axis}; a tile is at least 1 (which shares everywhere).", nameof(tile));
            }
        }

        return new Sharing(tile, false);
    }

    /// <summary>The tile size on one axis of a given output size.</summary>
    internal int TileOn(int axis, int output) => IsUnshared ? output : IsShared ? 1 : Tile[axis];

    /// <summary><c>shared</c>, <c>unshared</c> or <c>tiled 2×3</c>.</summary>
    public override string ToString() => IsUnshared ? "unshared" : IsShared ? "shared" : $"tiled {Tile}";
}
