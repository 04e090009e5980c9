using System.Text.Json;
using Tessera.Networks.Layers;

namespace Tessera.Files;

/// <summary>The keys of layers of arithmetic: constants, what combines inputs element by element, products of matrices, and what folds axes.</summary>
internal static class ArithmeticLayerJson
{
    private static readonly string[] Functions = ["sum", "mean", "maximum", "minimum", "l2", "product"];

    public static LayerKind[] Kinds { get; } =
    [
        LayerKind.Of("constant", ReadConstant, WriteConstant),
        LayerKind.Of("add", _ => new Add()),
        LayerKind.Of("subtract", _ => new Subtract()),
        LayerKind.Of("multiply", _ => new Multiply()),
        LayerKind.Of("divide", _ => new Divide()),
        LayerKind.Of("power", _ => new Power()),
        LayerKind.Of("minimum", _ => new Minimum()),
        LayerKind.Of("maximum", _ => new Maximum()),
        LayerKind.Of("matrix-product", _ => new MatrixProduct()),
        LayerKind.Of("reduce", ReadReduce, WriteReduce),
        LayerKind.Of("arg-max", ReadArgMax, WriteArgMax),
    ];

    private static Constant ReadConstant(LocatedObject keys) => new(keys.Required("shape").WholeNumbers(1))
    {
        IsTrained = keys.Optional("trained")?.Truth() ?? false,
        InitialValue = keys.Optional("initialValue")?.Real() ?? 0,
    };

    private static void WriteConstant(Utf8JsonWriter writer, Constant layer)
    {
        ConvolutionJson.WriteSizes(writer, "shape", layer.Shape);
        if (layer.IsTrained) writer.WriteBoolean("trained", true);
        if (layer.InitialValue != 0) writer.WriteNumber("initialValue", layer.InitialValue);
    }

    private static Reduce ReadReduce(LocatedObject keys) =>
        new((ReduceFunction)Array.IndexOf(Functions, keys.Required("function").OneOf(Functions)), keys.Required("axes").WholeNumbers(int.MinValue))
        {
            KeepSizes = keys.Optional("keepSizes")?.Truth() ?? true,
        };

    private static void WriteReduce(Utf8JsonWriter writer, Reduce layer)
    {
        writer.WriteString("function", Functions[(int)layer.Function]);
        ConvolutionJson.WriteSizes(writer, "axes", layer.Along);
        if (!layer.KeepSizes) writer.WriteBoolean("keepSizes", false);
    }

    private static ArgMax ReadArgMax(LocatedObject keys) => new(keys.Required("axis").Whole(int.MinValue))
    {
        KeepSize = keys.Optional("keepSize")?.Truth() ?? true,
        LastIndex = keys.Optional("lastIndex")?.Truth() ?? false,
    };

    private static void WriteArgMax(Utf8JsonWriter writer, ArgMax layer)
    {
        writer.WriteNumber("axis", layer.Axis);
        if (!layer.KeepSize) writer.WriteBoolean("keepSize", false);
        if (layer.LastIndex) writer.WriteBoolean("lastIndex", true);
    }
}
