using Tessera.Connections;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Operators;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// Pooling. The operators of ONNX take whole exponents, pads smaller than the window and a count of all padding or none; whatever is
/// beyond them is written as a border, or as a sum of windows (a depthwise convolution by ones).
/// </summary>
internal static class PoolingWriters
{
    /// <summary>The most axes that ONNX Runtime pools over.</summary>
    private const int MostAxes = 3;

    public static string Write(LayerScope scope, MaxPool layer)
    {
        var axes = layer.Axes(scope.Shapes);
        if (axes.Count > MostAxes) throw new NotSupportedException($"maxima over {axes.Count} axes; {MostAxes} at most");
        int[] low = [.. axes.Select(static axis => axis.PadLow)], high = [.. axes.Select(WindowSettings.High)], size = [.. scope.Shape.From(2)], none = new int[axes.Count];
        var (value, before) = (scope.Input, none);
        if (!PadsAreShort(axes))
        {
            value = scope.Border(value, low, high, float.NegativeInfinity);
            size = [.. size.Select((one, a) => one + low[a] + high[a])];
            (before, low, high) = (low, none, none);
        }

        var given = scope.Nodes("MaxPool", [value], scope.GivesWinners ? 2 : 1, WindowSettings.Of(axes, low, high));
        if (scope.GivesWinners) scope.Winners[layer.Name] = new PoolWinners(given[1], before, size, axes, [.. low, .. high]);
        return given[0];
    }

    public static string Write(LayerScope scope, MaxPositions layer)
    {
        var winners = scope.Winners[layer.Of];
        if (winners.Low.Any(static amount => amount > 0) || !winners.Size.AsSpan().SequenceEqual(scope.Shapes[2].AsSpan()[2..])) throw new NotSupportedException($"the pooling {layer.Of} has pads as long as its window and is written over a border, whose positions are others");
        return scope.Node("Cast", winners.Positions, OnnxAttribute.Of("to", (long)OnnxElement.Float));
    }

    public static string Write(LayerScope scope, AveragePool layer)
    {
        var axes = layer.Axes(scope.Shapes);
        int[] low = [.. axes.Select(static axis => axis.PadLow)], high = [.. axes.Select(WindowSettings.High)];
        var roundedUp = axes.Any(static axis => WindowSettings.High(axis) > axis.PadHigh);
        var dilated = axes.Any(static axis => axis.Dilation > 1);
        if (axes.Count <= MostAxes && PadsAreShort(axes) && !(layer.CountIncludesPadding && roundedUp) && !(dilated && scope.Opset < 19))
        {
            var settings = WindowSettings.Of(axes, low, high).Where(setting => dilated || setting.Name != "dilations");
            return scope.Node("AveragePool", scope.Input, [.. settings, OnnxAttribute.Of("count_include_pad", layer.CountIncludesPadding ? 1 : 0)]);
        }

        Sizes plane = [1, 1, .. axes.Select(static axis => axis.Output)];
        return scope.Node("Mul", [Sum(scope, scope.Input, axes), scope.Constant("shares", Shares(scope, axes, layer.CountIncludesPadding), plane)]);
    }

    public static string Write(LayerScope scope, LpPool layer)
    {
        var axes = layer.Axes(scope.Shapes);
        if (axes.Count <= MostAxes && PadsAreShort(axes) && layer.P == (int)layer.P)
        {
            int[] low = [.. axes.Select(static axis => axis.PadLow)], high = [.. axes.Select(WindowSettings.High)];
            return scope.Node("LpPool", scope.Input, [.. WindowSettings.Of(axes, low, high), OnnxAttribute.Of("p", (long)layer.P)]);
        }

        return Root(scope, Sum(scope, Power(scope, layer.P), axes), layer.P);
    }

    public static string Write(LayerScope scope, GlobalPool layer)
    {
        if (layer.Pooling == PoolingKind.Lp && layer.P != (int)layer.P)
        {
            var axes = scope.Integers("axes", [.. Enumerable.Range(2, scope.Rank).Select(static axis => (long)axis)]);
            return Root(scope, scope.Node("ReduceSum", [Power(scope, layer.P), axes]), layer.P);
        }

        var value = scope.Rank <= MostAxes ? scope.Input : scope.Reshape(scope.Input, 0, scope.Shape[1], -1);
        value = layer.Pooling switch
        {
            PoolingKind.Max => scope.Node("GlobalMaxPool", value),
            PoolingKind.Average => scope.Node("GlobalAveragePool", value),
            _ => scope.Node("GlobalLpPool", value, OnnxAttribute.Of("p", (long)layer.P)),
        };
        return scope.Rank <= MostAxes ? value : scope.Reshape(value, [-1, .. scope.Output.From(1)]);
    }

    /// <summary>Groups of channels as an axis of their own.</summary>
    public static string Write(LayerScope scope, ChannelPool layer)
    {
        var grouped = scope.Reshape(scope.Input, [-1, scope.Output[1], layer.Size, .. scope.Shape.From(2)]);
        return scope.Node("ReduceMax", [grouped, scope.Integers("axes", [2])], OnnxAttribute.Of("keepdims", 0));
    }

    private static bool PadsAreShort(IReadOnlyList<AxisGeometry> axes) => axes.All(static axis => axis.PadLow < axis.Kernel && WindowSettings.High(axis) < axis.Kernel);

    private static string Power(LayerScope scope, double exponent) => scope.Node("Pow", [scope.Node("Abs", scope.Input), scope.Constant("exponent", exponent)]);

    private static string Root(LayerScope scope, string value, double exponent) => scope.Node("Pow", [value, scope.Constant("root", 1 / exponent)]);

    private static string Sum(LayerScope scope, string value, IReadOnlyList<AxisGeometry> axes)
    {
        var channels = scope.Shape[1];
        Sizes kernel = [channels, 1, .. axes.Select(static axis => axis.Kernel)];
        var ones = new float[scope.Count(kernel.Product)];
        Array.Fill(ones, 1);
        return scope.Node(
            "Conv",
            [value, scope.Constant("ones", ones, kernel)],
            [.. WindowSettings.Of(axes, [.. axes.Select(static axis => axis.PadLow)], [.. axes.Select(WindowSettings.High)]), OnnxAttribute.Of("group", channels)]);
    }

    /// <summary>1 over the elements of each window, row-major.</summary>
    private static float[] Shares(LayerScope scope, IReadOnlyList<AxisGeometry> axes, bool withPadding)
    {
        scope.Count(axes.Aggregate(1.0, static (product, axis) => product * axis.Output));
        double[] shares = [1];
        foreach (var axis in axes)
        {
            var counts = Enumerable.Range(0, axis.Output).Select(p => Enumerable.Range(0, axis.Kernel).Count(q => Counts(axis, (p * axis.Stride) + axis.Offset(q))));
            shares = [.. shares.SelectMany(share => counts.Select(count => share / count))];
        }

        return [.. shares.Select(static share => (float)share)];

        bool Counts(AxisGeometry axis, int x) => withPadding ? x < axis.Input + axis.PadHigh : x >= 0 && x < axis.Input;
    }
}
