using System.Globalization;

namespace Tessera.Imaging;

/// <summary>
/// The filters of a layer as a picture. All share one scale that is symmetric about zero: grey is 0, black and white are the largest
/// weight either way; filters of three channels show them as red, green and blue, others side by side. A shared kernel fills a grid; a
/// tiled or unshared one has a row for each tile, so that one filter's tiles stand in a column.
/// </summary>
public static class FilterMosaic
{
    private const int MostFilters = 64;
    private const int MostTiles = 32;
    private const double Margin = 24;
    private const double Top = 80;

    /// <summary>The picture as an SVG file's text, legible on light and dark.</summary>
    /// <param name="title">The heading, such as the layer's name.</param>
    /// <param name="kernel">The weights: [filters, channels, kernel…, tile…], row-major, with one to three kernel axes.</param>
    /// <param name="shape">The sizes [filters, channels, kernel…].</param>
    /// <param name="tiles">The tile sizes; empty for a shared kernel.</param>
    /// <exception cref="ArgumentException">The sizes do not belong together or to a kernel.</exception>
    public static string ToSvg(string title, ReadOnlySpan<float> kernel, Sizes shape, Sizes tiles = default)
    {
        if (shape.Count is < 3 or > 5 || shape.Append(tiles).Any(size => size < 1))
            throw new ArgumentException($"A kernel of {shape} (tiles {tiles}) cannot be shown; it needs filters, channels and one to three kernel axes, none of them 0.", nameof(shape));
        if (shape.Append(tiles).Product != kernel.Length)
            throw new ArgumentException($"A kernel of {shape.Append(tiles)} has {shape.Append(tiles).Product} weights, but {kernel.Length} were given.", nameof(kernel));

        var cell = new FilterCell(shape);
        var filters = Math.Min(shape[0], MostFilters);
        var tileCount = (int)tiles.Product;
        var tilesShown = Math.Min(tileCount, MostTiles);
        var (perRow, rows, scale) = Arrange(cell, filters, tilesShown);
        var (stepAcross, stepDown) = (cell.Width + cell.Gap, cell.Height + cell.Gap);
        var (width, height) = ((perRow * stepAcross) + cell.Gap, (rows * stepDown) + cell.Gap);
        var largest = Largest(kernel);
        var pixels = new byte[width * height * 4];
        for (var place = 0; place < filters * tilesShown; place++)
        {
            var (row, column) = (place / perRow, place % perRow);
            var target = pixels.AsSpan(4 * ((((row * stepDown) + cell.Gap) * width) + (column * stepAcross) + cell.Gap));
            cell.Draw(target, width, kernel, place % filters, TileOf(place / filters, tileCount, tilesShown), tileCount, largest);
        }

        var labels = tileCount > 1 ? 64 : 0;
        var across = scale.Across * width;
        var down = scale.Down * height;
        var picture = new SvgPicture(Math.Max(400, across + labels + (2 * Margin)), Top + down + 52, title);
        Head(picture, title, cell, shape, tiles, filters, tilesShown);

        // Behind the gaps a colour that no grey can be taken for; a last row that is not full ends where its filters do.
        var fullRows = filters * tilesShown / perRow;
        var rest = (filters * tilesShown) - (fullRows * perRow);
        picture.Rectangle(Margin + labels, Top, across, scale.Down * ((fullRows * stepDown) + cell.Gap), "gap");
        if (rest > 0) picture.Rectangle(Margin + labels, Top, scale.Across * ((rest * stepAcross) + cell.Gap), down, "gap");
        picture.Image(Margin + labels, Top, (width, height, 4), pixels, scale);
        for (var row = 0; row < tilesShown && tileCount > 1; row++)
        {
            var middle = scale.Down * ((row * stepDown) + cell.Gap + (cell.Height / 2.0));
            picture.Text(Margin, Top + middle + 4, Position(TileOf(row, tileCount, tilesShown), tiles), "faint small");
        }

        Legend(picture, Margin + labels, Top + down + 14, largest);
        return picture.ToString();
    }

    /// <summary>Writes the picture as an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">The heading.</param>
    /// <param name="kernel">The weights.</param>
    /// <param name="shape">The sizes [filters, channels, kernel…].</param>
    /// <param name="tiles">The tile sizes; empty for a shared kernel.</param>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, string title, ReadOnlySpan<float> kernel, Sizes shape, Sizes tiles = default) =>
        SvgPicture.Write(path, ToSvg(title, kernel, shape, tiles));

    /// <summary>The largest scale at which everything fits: as many filters in a row as go, or all of them where rows are tiles.</summary>
    private static (int PerRow, int Rows, (int Across, int Down) Scale) Arrange(FilterCell cell, int filters, int tiles)
    {
        const int widest = 760;
        for (var scale = 16; ; scale--)
        {
            var down = cell.Height == 1 ? Math.Max(scale, 12) : scale;
            var perRow = tiles > 1 ? filters : Math.Clamp(((widest / scale) - cell.Gap) / (cell.Width + cell.Gap), 1, Math.Min(16, filters));
            var rows = ((filters * tiles) + perRow - 1) / perRow;
            var fits = ((perRow * (cell.Width + cell.Gap)) + cell.Gap) * scale <= widest
                && ((rows * (cell.Height + cell.Gap)) + cell.Gap) * down <= (tiles > 1 ? 1200 : 480);
            if (fits || scale == 2) return (perRow, rows, (scale, down));
        }
    }

    private static void Head(SvgPicture picture, string title, FilterCell cell, Sizes shape, Sizes tiles, int filters, int tilesShown)
    {
        picture.Text(Margin, 30, title, "ink title");
        var what = $"{Number(shape[0])} filters of {shape.From(2)}, {Number(shape[1])} {(shape[1] == 1 ? "channel" : "channels")}";
        picture.Text(Margin, 50, tiles.Count > 0 ? $"{what}, tiles {tiles}" : what, "faint");
        List<string> parts = [];
        if (filters < shape[0]) parts.Add($"the first {Number(filters)} filters");
        if (cell.LeavesPlanesOut) parts.Add($"the first {Number(cell.Planes)} planes of each");
        if (tilesShown < tiles.Product) parts.Add($"{Number(tilesShown)} of {tiles.Product.ToString(CultureInfo.InvariantCulture)} tiles, evenly spread");
        if (parts.Count > 0) picture.Text(Margin, 67, "shown: " + string.Join(", ", parts), "faint small");
    }

    private static void Legend(SvgPicture picture, double x, double y, float largest)
    {
        var ramp = Enumerable.Range(0, 128).Select(i => (byte)(255 * i / 127)).ToArray();
        var text = largest.ToString("G3", CultureInfo.InvariantCulture);
        picture.Text(x, y + 11, "−" + text, "faint small");
        picture.Image(x + 60, y, (128, 1, 1), ramp, (1, 14));
        picture.Text(x + 196, y + 11, "+" + text, "faint small");
        picture.Text(x + 124, y + 27, "0", "faint small", "middle");
    }

    private static int TileOf(int row, int tiles, int shown) => (int)((long)row * tiles / shown);

    private static string Position(int tile, Sizes tiles)
    {
        var parts = new int[tiles.Count];
        for (var axis = parts.Length - 1; axis >= 0; axis--) (tile, parts[axis]) = (tile / tiles[axis], tile % tiles[axis]);
        return "tile " + string.Join(',', parts.Select(Number));
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static float Largest(ReadOnlySpan<float> kernel)
    {
        var largest = 0f;
        foreach (var weight in kernel)
        {
            if (float.IsFinite(weight)) largest = Math.Max(largest, Math.Abs(weight));
        }

        return largest;
    }
}
