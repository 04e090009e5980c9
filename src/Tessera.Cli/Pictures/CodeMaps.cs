using System.Globalization;
using Tessera.Imaging;

namespace Tessera.Cli.Pictures;

/// <summary>The code of one sample as a sheet: an image for each of its channels.</summary>
internal static class CodeMaps
{
    private const int MostChannels = 128;

    /// <summary>The sheet.</summary>
    public static ImageSheet Of(ImageCoder model, PredictionSample sample, CancellationToken stopping)
    {
        var code = model.Code(sample.Values, stopping);
        var shape = model.CodeShape;
        // A signal's code is curves, as the signal is; one of a single position would be none.
        Sizes mapShape = shape.Count is 3 or 4 || (shape.Count == 2 && shape[1] > 1) ? [1, .. shape.From(1).AsSpan()] : [1, 1, (int)shape.From(1).Product];
        List<SheetRow> rows = [new($"input\n{model.ImageShape}", [new SheetImage(sample.Values, model.ImageShape)]), .. ChannelMaps.Of("code", code, shape, mapShape, MostChannels)];
        var active = code.Length - System.MemoryExtensions.Count(code, 0f);
        return new ImageSheet($"The code of {sample.Title}", rows)
        {
            Side = ChannelMaps.Side,
            Remark = string.Create(CultureInfo.InvariantCulture, $"{active} of {code.Length} numbers are not 0; {ChannelMaps.Scale(model.ImageShape)}"),
        };
    }
}
