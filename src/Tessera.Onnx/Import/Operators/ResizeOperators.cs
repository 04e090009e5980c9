using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Resize, Upsample and Pad.</summary>
internal static class ResizeOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("Resize", Resize),
        new("Upsample", static node => Resized(node, Scales(node, node.Attribute("scales") is { } given ? [.. given.Floats] : node.RequiredConstant(1).Values), Sizes.Empty, isOld: true)),
        new("Pad", Pad),
    ];

    private static void Resize(NodeImport node)
    {
        if (node.Opset < 11)
        {
            Resized(node, Scales(node, node.RequiredConstant(1).Values), Sizes.Empty, isOld: true);
            return;
        }

        if (node.Input(3) is Known { AtTwo.Count: > 0 } sizes)
        {
            Sizes two = Whole(sizes.AtTwo), three = Whole(sizes.AtThree), input = node.Flow().AtTwo;
            var spatial = Spatial(node, two, input);
            if (spatial != Spatial(node, three, node.Flow().AtThree)) throw node.Wrong("its sizes depend on the size of the batch");
            Resized(node, default, Proportional(node, input.From(2), spatial), isOld: false);
            return;
        }

        Resized(node, Scales(node, node.RequiredConstant(2).Values), Sizes.Empty, isOld: false);
    }

    /// <summary>The sizes that are asked for, or those of one scale for all axes that are named: the smallest or the largest of theirs.</summary>
    private static Sizes Proportional(NodeImport node, Sizes from, Sizes wanted)
    {
        var policy = node.Text("keep_aspect_ratio_policy", "stretch");
        if (policy == "stretch") return wanted;
        if (policy is not ("not_larger" or "not_smaller")) throw node.Wrong($"keep_aspect_ratio_policy is '{policy}'; it can be stretch, not_larger or not_smaller");
        var named = node.Integers("axes") is { Count: > 0 } axes ? axes.Select(axis => node.Axis(axis, from.Count + 2) - 2).Where(static axis => axis >= 0).ToArray() : [.. Enumerable.Range(0, from.Count)];
        if (named.Length == 0) return wanted;
        var scales = named.Select(axis => (double)wanted[axis] / from[axis]);
        var scale = policy == "not_larger" ? scales.Min() : scales.Max();
        return [.. from.Select((size, axis) => named.Contains(axis) ? (int)Math.Clamp(Math.Floor((scale * size) + 0.5), 0, int.MaxValue) : size)];
    }

    private static Sizes Whole(NumberArray numbers) => Sizes.Create([.. numbers.Values.Select(static value => (int)Math.Clamp(value, 0, int.MaxValue))]);

    /// <summary>Sizes of the spatial axes out of those of all axes, or of the axes that are named.</summary>
    private static Sizes Spatial(NodeImport node, Sizes sizes, Sizes input)
    {
        var named = node.Integers("axes");
        var full = input.AsSpan().ToArray();
        if (full.Length < 3) throw node.Wrong($"its input {input} has no spatial axes");
        if (sizes.Count != (named.Count == 0 ? full.Length : named.Count)) throw node.Wrong($"{sizes.Count} sizes for {(named.Count == 0 ? full.Length : named.Count)} axes");
        for (var index = 0; index < sizes.Count; index++) full[named.Count > 0 ? node.Axis(named[index], full.Length) : index] = sizes[index];
        // A model exported for one batch has its number there.
        if ((full[0] != input[0] && full[0] != node.DeclaredBatch) || full[1] != input[1]) throw node.Wrong("it resizes the batch or the channels; only spatial axes are read");
        return Sizes.Create(full.AsSpan()[2..]);
    }

    private static Scales Scales(NodeImport node, ReadOnlySpan<double> scales)
    {
        var rank = node.Flow().Rank;
        var named = node.Integers("axes");
        var full = new double[rank];
        Array.Fill(full, 1);
        if (scales.Length != (named.Count == 0 ? rank : named.Count)) throw node.Wrong($"{scales.Length} scales for {(named.Count == 0 ? rank : named.Count)} axes");
        for (var index = 0; index < scales.Length; index++) full[named.Count > 0 ? node.Axis(named[index], rank) : index] = scales[index];
        if (rank < 3 || full[0] != 1 || full[1] != 1) throw node.Wrong("it resizes the batch or the channels; only spatial axes are read");
        return Tessera.Scales.Create(full.AsSpan()[2..]);
    }

    private static void Resized(NodeImport node, Scales scales, Sizes size, bool isOld)
    {
        node.CheckBatch();
        node.Give(node.Add(
            new Resize(new Resizing
            {
                Size = size,
                Scales = scales,
                Mode = node.Text("mode", "nearest") switch
                {
                    "nearest" => ResizeMode.Nearest,
                    "linear" or "bilinear" => ResizeMode.Linear,
                    "cubic" => ResizeMode.Cubic,
                    var other => throw node.Wrong($"mode is '{other}'; nearest, linear and cubic are read"),
                },
                Coordinates = isOld ? ResizeCoordinates.Asymmetric : node.Text("coordinate_transformation_mode", "half_pixel") switch
                {
                    "half_pixel" => ResizeCoordinates.HalfPixel,
                    "half_pixel_symmetric" => ResizeCoordinates.HalfPixelSymmetric,
                    "pytorch_half_pixel" => ResizeCoordinates.PyTorchHalfPixel,
                    "align_corners" => ResizeCoordinates.AlignCorners,
                    "asymmetric" => ResizeCoordinates.Asymmetric,
                    "tf_half_pixel_for_nn" => ResizeCoordinates.Middle,
                    var other => throw node.Wrong($"coordinate_transformation_mode is '{other}', which is not read"),
                },
                Rounding = isOld ? ResizeRounding.Floor : node.Text("nearest_mode", "round_prefer_floor") switch
                {
                    "round_prefer_floor" => ResizeRounding.RoundPreferFloor,
                    "round_prefer_ceil" => ResizeRounding.RoundPreferCeil,
                    "floor" => ResizeRounding.Floor,
                    "ceil" => ResizeRounding.Ceil,
                    var other => throw node.Wrong($"nearest_mode is '{other}', which is not read"),
                },
                CubicCoefficient = node.Real("cubic_coeff_a", -0.75),
                ExcludesOutside = node.Integer("exclude_outside", 0) != 0,
                Antialias = node.Integer("antialias", 0) != 0,
            }),
            node.Flow()));
    }

    private static void Pad(NodeImport node)
    {
        var input = node.Flow();
        var pads = node.IntegersFrom("pads", 1) ?? (node.Attribute("paddings") is not null ? node.Integers("paddings") : throw node.Wrong("its pads are missing"));
        var value = node.Attribute("value") is not null ? node.Real("value", 0) : node.Has(2) ? node.Number(2) : 0;
        // What is put around maxima is −∞; a border here is finite, and the least float does as well.
        if (double.IsInfinity(value)) value = Math.CopySign(float.MaxValue, value);
        var axes = node.ConstantIntegers(3) is { Count: > 0 } named ? named.Select(axis => node.Axis(axis, input.Rank)).ToArray() : [.. Enumerable.Range(node.AxisOffset, input.Rank - node.AxisOffset)];
        if (pads.Count != 2 * axes.Length) throw node.Wrong($"{pads.Count} pads for {axes.Length} axes");
        int[] low = new int[input.Rank], high = new int[input.Rank];
        for (var index = 0; index < axes.Length; index++) (low[axes[index]], high[axes[index]]) = (pads[index], pads[axes.Length + index]);
        var mode = node.Text("mode", "constant") switch
        {
            "constant" => BorderMode.Zero,
            "reflect" => BorderMode.Reflect,
            "edge" => BorderMode.Replicate,
            "wrap" => BorderMode.Circular,
            var other => throw node.Wrong($"mode is '{other}', which is not read"),
        };
        var isSpatial = value == 0 && input.Rank > 2 && low[0] == 0 && high[0] == 0 && low[1] == 0 && high[1] == 0 && low.Min() >= 0 && high.Min() >= 0;
        node.Give(node.Add(
            isSpatial
                ? new Pad(Sizes.Create(low.AsSpan()[2..]), Sizes.Create(high.AsSpan()[2..])) { Mode = mode }
                : new PadAxes(Sizes.Create(low), Sizes.Create(high)) { Mode = mode, Value = mode == BorderMode.Zero ? value : 0 },
            input));
    }
}
