using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Operators;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// Resizing: the operator where runtimes have it and mean the same by it; otherwise axis by axis, which it is by its definition, as Gather of
/// the nearest inputs or MatMul by the weights of each position.
/// </summary>
internal static class ResizeWriter
{
    public static string Write(LayerScope scope, Resize layer)
    {
        var resizing = layer.Operator;
        Sizes from = scope.Shape.From(2), to = scope.Output.From(2);
        return HasOperator(scope, resizing, from, to) ? Operator(scope, resizing, to) : AxisByAxis(scope, resizing, from, to);
    }

    /// <summary>
    /// Whether ONNX Runtime computes it: linear and not widened on two or three axes, cubic on two. Places that lie on the edge between two
    /// inputs fall to either side as numbers are rounded, so nearest ones must have none.
    /// </summary>
    private static bool HasOperator(LayerScope scope, Resizing resizing, Sizes from, Sizes to)
    {
        if (resizing.Coordinates == ResizeCoordinates.HalfPixelSymmetric && scope.Opset < 19) return false;
        // The operator had these until version 12.
        if (resizing.Coordinates == ResizeCoordinates.Middle) return false;
        // ONNX Runtime copies where no size changes, whatever the scale.
        if (from == to && resizing.Scales.Any(static scale => scale != 1)) return false;
        // From which length these begin where a scale gives no whole one is understood in two ways.
        if (resizing.Coordinates is ResizeCoordinates.AlignCorners or ResizeCoordinates.HalfPixelSymmetric && resizing.Scales.Count > 0 && !resizing.Scales.Select((scale, axis) => scale * from[axis] == to[axis]).All(static isWhole => isWhole)) return false;
        return resizing.Mode switch
        {
            ResizeMode.Linear => from.Count is 2 or 3 && !resizing.Antialias,
            ResizeMode.Cubic => from.Count == 2 && !resizing.Antialias,
            _ => IsWhole(resizing, from, to) && resizing.Coordinates switch
            {
                ResizeCoordinates.AlignCorners => false,
                ResizeCoordinates.Asymmetric => resizing.Rounding == ResizeRounding.Floor,
                _ => resizing.Rounding is ResizeRounding.RoundPreferFloor or ResizeRounding.RoundPreferCeil,
            },
        };
    }

    private static bool IsWhole(Resizing resizing, Sizes from, Sizes to)
    {
        for (var axis = 0; axis < from.Count; axis++)
        {
            if (to[axis] % from[axis] != 0 || (resizing.Scales.Count > 0 && resizing.Scales[axis] != to[axis] / from[axis])) return false;
        }

        return true;
    }

    private static string Operator(LayerScope scope, Resizing resizing, Sizes to)
    {
        // Two inputs have no weight beyond an edge that the one within would not take over: linear resizing is the same with it.
        var attributes = new List<OnnxAttribute>
        {
            OnnxAttribute.Of("axes", (IReadOnlyList<long>)[.. to.Select(static (_, axis) => 2L + axis)]),
            OnnxAttribute.Of("coordinate_transformation_mode", resizing.Coordinates switch
            {
                ResizeCoordinates.HalfPixel => "half_pixel",
                ResizeCoordinates.HalfPixelSymmetric => "half_pixel_symmetric",
                ResizeCoordinates.PyTorchHalfPixel => "pytorch_half_pixel",
                ResizeCoordinates.AlignCorners => "align_corners",
                _ => "asymmetric",
            }),
            OnnxAttribute.Of("mode", resizing.Mode switch { ResizeMode.Nearest => "nearest", ResizeMode.Linear => "linear", _ => "cubic" }),
        };
        if (resizing.Mode == ResizeMode.Nearest) attributes.Add(OnnxAttribute.Of("nearest_mode", Rounding(resizing.Rounding)));
        if (resizing.Mode == ResizeMode.Cubic) attributes.AddRange([OnnxAttribute.Of("cubic_coeff_a", (float)resizing.CubicCoefficient), OnnxAttribute.Of("exclude_outside", resizing.ExcludesOutside ? 1 : 0)]);
        if (resizing.Size.Count > 0) return scope.Node("Resize", [scope.Input, "", "", scope.Integers("sizes", [.. to.Select(static size => (long)size)])], [.. attributes]);
        return scope.Node("Resize", [scope.Input, "", scope.Constant("scales", [.. resizing.Scales.Select(static scale => (float)scale)], [to.Count])], [.. attributes]);
    }

    private static string AxisByAxis(LayerScope scope, Resizing resizing, Sizes from, Sizes to)
    {
        var value = scope.Input;
        long[] size = [.. scope.Shape.From(1)];
        var isFlat = false;
        for (var axis = 0; axis < from.Count; axis++)
        {
            // Every mode and every way of placing leaves such an axis as it is.
            if (from[axis] == to[axis] && (resizing.Scales.Count == 0 || resizing.Scales[axis] == 1)) continue;
            scope.Count(resizing.Mode == ResizeMode.Nearest ? to[axis] : (double)to[axis] * from[axis]);
            var taps = resizing.Taps(axis, from[axis], to[axis]);
            if (resizing.Mode == ResizeMode.Nearest)
            {
                value = scope.Node("Gather", [value, scope.Integers("sources", [.. taps.Source.Select(static source => (long)source)])], OnnxAttribute.Of("axis", 2 + axis));
                continue;
            }

            // [o, i] times stacks of [i, what stands behind the axis].
            var weights = new float[to[axis] * from[axis]];
            for (var p = 0; p < to[axis]; p++)
            {
                for (var e = taps.Start[p]; e < taps.Start[p + 1]; e++) weights[(p * from[axis]) + taps.Source[e]] = (float)taps.Weight[e];
            }

            var behind = size.Skip(axis + 2).Aggregate(1L, static (product, one) => product * one);
            value = scope.Node("MatMul", [scope.Constant("weights", weights, [to[axis], from[axis]]), scope.Reshape(value, -1, from[axis], behind)]);
            size[axis + 1] = to[axis];
            isFlat = true;
        }

        return isFlat ? scope.Reshape(value, [-1, .. size]) : value;
    }

    private static string Rounding(ResizeRounding rounding) => rounding switch
    {
        ResizeRounding.RoundPreferFloor => "round_prefer_floor",
        ResizeRounding.RoundPreferCeil => "round_prefer_ceil",
        ResizeRounding.Floor => "floor",
        _ => "ceil",
    };
}
