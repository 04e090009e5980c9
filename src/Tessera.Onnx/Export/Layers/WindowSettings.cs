using Tessera.Connections;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>The sizes of windows as attributes. Pads are always written as numbers: rules for them mean other things in other programs.</summary>
internal static class WindowSettings
{
    /// <summary>The zeros after an axis's input that its last window needs: what a rounded-up size adds among them, and none that no window reaches.</summary>
    public static int High(AxisGeometry axis) => Math.Max(0, ((axis.Output - 1) * axis.Stride) + axis.DilatedKernel - axis.Input - axis.PadLow);

    public static OnnxAttribute[] Of(IReadOnlyList<int> kernel, IReadOnlyList<int> stride, IReadOnlyList<int> dilation, IReadOnlyList<int> low, IReadOnlyList<int> high) =>
    [
        Numbers("kernel_shape", kernel),
        Numbers("strides", stride),
        Numbers("dilations", dilation),
        Numbers("pads", [.. low, .. high]),
    ];

    /// <summary>Those of pooling windows, padded so.</summary>
    public static OnnxAttribute[] Of(IReadOnlyList<AxisGeometry> axes, IReadOnlyList<int> low, IReadOnlyList<int> high) => Of(
        [.. axes.Select(static axis => axis.Kernel)], [.. axes.Select(static axis => axis.Stride)], [.. axes.Select(static axis => axis.Dilation)], low, high);

    public static OnnxAttribute Numbers(string name, IReadOnlyList<int> numbers) => OnnxAttribute.Of(name, (IReadOnlyList<long>)[.. numbers.Select(static number => (long)number)]);
}
