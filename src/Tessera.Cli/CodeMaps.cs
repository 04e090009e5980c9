using System.Globalization;
using Tessera.Imaging;
using Tessera.Reconstruction;

namespace Tessera.Cli;

/// <summary>The code of one sample as a sheet: an image for each of its channels.</summary>
internal static class CodeMaps
{
    private const int PerRow = 16;
    private const int MostChannels = 128;

    /// <summary>The sheet.</summary>
    public static ImageSheet Of(ImageCoder model, PredictionSample sample, CancellationToken stopping)
    {
        var code = model.Code(sample.Values, stopping);
        var shape = model.CodeShape;
        Sizes mapShape = shape.Count is >= 3 and <= 4 ? [1, .. shape.From(1).AsSpan()] : [1, 1, (int)shape.From(1).Product];
        var (plane, channels) = (code.Length / shape[0], Math.Min(shape[0], MostChannels));
        List<SheetRow> rows = [new($"input\n{model.ImageShape}", [new SheetImage(sample.Values, model.ImageShape)])];
        for (var first = 0; first < channels; first += PerRow)
        {
            rows.Add(new SheetRow(first == 0 ? $"code\n{shape}" : "", [.. Enumerable.Range(first, Math.Min(PerRow, channels - first)).Select(channel =>
                new SheetImage(code.AsMemory(channel * plane, plane), mapShape).OnItsOwnScale())]));
        }

        var active = code.Length - System.MemoryExtensions.Count(code, 0f);
        return new ImageSheet($"The code of {sample.Title}", rows)
        {
            Side = 64,
            Remark = string.Create(CultureInfo.InvariantCulture, $"{active} of {code.Length} numbers are not 0; each map from black for its smallest value to white for its largest, named below it"),
        };
    }
}
