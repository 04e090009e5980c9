using System.Text.Json;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Files;

/// <summary>The keys of resizing: <c>size</c> or <c>scales</c>, and what is made of the inputs around a position.</summary>
internal static class ResizeJson
{
    private static readonly string[] Modes = ["nearest", "linear", "cubic"];
    private static readonly string[] Coordinates = ["half-pixel", "half-pixel-symmetric", "pytorch-half-pixel", "align-corners", "asymmetric", "middle"];
    private static readonly string[] Roundings = ["round-prefer-floor", "round-prefer-ceil", "floor", "ceil"];

    public static Resize Read(LocatedObject keys)
    {
        var standard = new Resizing();
        return new Resize(standard with
        {
            Size = keys.Optional("size")?.WholeNumbers(1) ?? Sizes.Empty,
            Scales = keys.Optional("scales") is { } scales ? ReadScales(scales) : Scales.Empty,
            Mode = (ResizeMode)Word(keys, "mode", Modes),
            Coordinates = (ResizeCoordinates)Word(keys, "coordinates", Coordinates),
            Rounding = (ResizeRounding)Word(keys, "rounding", Roundings),
            CubicCoefficient = keys.Optional("cubicCoefficient")?.Real() ?? standard.CubicCoefficient,
            ExcludesOutside = keys.Optional("excludesOutside")?.Truth() ?? false,
            Antialias = keys.Optional("antialias")?.Truth() ?? false,
        });
    }

    public static void Write(Utf8JsonWriter writer, Resizing resizing)
    {
        if (resizing.Size.Count > 0) ConvolutionJson.WriteSizes(writer, "size", resizing.Size);
        if (resizing.Scales.Count > 0)
        {
            writer.WriteStartArray("scales");
            foreach (var scale in resizing.Scales) writer.WriteNumberValue(scale);
            writer.WriteEndArray();
        }

        WriteWord(writer, "mode", Modes, (int)resizing.Mode);
        WriteWord(writer, "coordinates", Coordinates, (int)resizing.Coordinates);
        WriteWord(writer, "rounding", Roundings, (int)resizing.Rounding);
        if (resizing.CubicCoefficient != new Resizing().CubicCoefficient) writer.WriteNumber("cubicCoefficient", resizing.CubicCoefficient);
        if (resizing.ExcludesOutside) writer.WriteBoolean("excludesOutside", true);
        if (resizing.Antialias) writer.WriteBoolean("antialias", true);
    }

    private static Scales ReadScales(LocatedValue value)
    {
        if (value.Kind != LocatedKind.List) throw value.WrongBecause("a list of numbers, one per spatial axis, such as [2, 0.5], is needed");
        return [.. value.Items.Select(static item => item.Real(0))];
    }

    private static int Word(LocatedObject keys, string key, string[] words) => keys.Optional(key) is { } value ? Array.IndexOf(words, value.OneOf(words)) : 0;

    private static void WriteWord(Utf8JsonWriter writer, string key, string[] words, int word)
    {
        if (word != 0) writer.WriteString(key, words[word]);
    }
}
