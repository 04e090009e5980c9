using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>The checks of a pooling's description, and the one wording of each error.</summary>
internal static class PoolingChecks
{
    private const int Largest = int.MaxValue / 8;

    /// <summary>A tensor [N, C, i_1 … i_d] with at least one spatial axis, none of them empty, whose planes an index can count.</summary>
    public static void InputShape(Sizes shape, string name)
    {
        if (shape.Count < 3) throw new ArgumentException($"{name}: the shape {shape} has {shape.Count} axes; it takes batch, channels and at least one spatial axis.");
        if (shape[0] < 1 || shape[1] < 1) throw new ArgumentException($"{name}: a batch of {shape[0]} with {shape[1]} channels; both must be at least 1.");
        if ((long)shape[0] * shape[1] > int.MaxValue) throw new ArgumentException($"{name}: a batch of {shape[0]} with {shape[1]} channels has more than {int.MaxValue} planes; use a smaller batch.");
    }

    /// <summary>The number of axes of every list, and the range of their numbers.</summary>
    public static void Numbers(PoolingDescription description, Sizes inputSize, string name)
    {
        var rank = inputSize.Count;
        Axis(inputSize, "input", required: true);
        Axis(description.Window, "window");
        Axis(description.Stride, "stride");
        Axis(description.Dilation, "dilation");
        if (description.Padding.Rule == PaddingRule.Explicit) Axis(description.Padding.Low, "padding", required: true, least: 0);
        if (description.Padding.Rule == PaddingRule.Explicit) Axis(description.Padding.High, "padding", required: true, least: 0);
        for (var a = 0; a < rank; a++)
        {
            var dilated = ((long)(description.Dilation.Count == 0 ? 1 : description.Dilation[a]) * ((description.Window.Count == 0 ? inputSize[a] : description.Window[a]) - 1)) + 1;
            if (dilated > Largest) throw new ArgumentException($"{name}: the dilated window reaches over {dilated} on axis {a}; it must stay below {Largest}.");
        }

        if (description.Kind == PoolingKind.Lp && !(description.P >= 1 && double.IsFinite(description.P)))
        {
            throw new ArgumentException(FormattableString.Invariant($"{name}: p = {description.P}; give a finite exponent of at least 1, or use the maximum for an infinite one."));
        }

        if (inputSize.Aggregate(1.0, (product, size) => product * size) > int.MaxValue)
        {
            throw new ArgumentException($"{name}: an input plane of {inputSize} has more than {int.MaxValue} elements; use smaller sizes.");
        }

        void Axis(Sizes sizes, string what, bool required = false, int least = 1)
        {
            if (sizes.Count == 0 && !required) return;
            if (sizes.Count != rank || rank == 0) throw new ArgumentException($"{name}: the {what} {sizes} has {sizes.Count} axes but the input {inputSize} has {rank}; give one number per spatial axis.");
            for (var a = 0; a < rank; a++)
            {
                if (sizes[a] < least || sizes[a] > Largest) throw new ArgumentException($"{name}: {what} {sizes[a]} on axis {a}; it must be from {least} to {Largest}.");
            }
        }
    }

    /// <summary>The window fits the padded input.</summary>
    public static void Fits(int axis, int input, long padding, int dilated, long output, string name)
    {
        if (output >= 1) return;
        throw new ArgumentException(
            $"{name}: a window reaching over {dilated} does not fit input {input} with padding {padding} on axis {axis}; pad by {dilated - input - padding} more or use a window reaching over at most {input + padding}.");
    }

    /// <summary>The output plane is small enough for an index.</summary>
    public static void Memory(AxisGeometry[] axes, string name)
    {
        if (axes.Aggregate(1.0, (product, axis) => product * axis.Output) <= int.MaxValue) return;
        throw new ArgumentException($"{name}: an output plane of {string.Join('×', axes.Select(axis => axis.Output))} has more than {int.MaxValue} elements; use a larger stride or less padding.");
    }

    /// <summary>No window lies in the padding alone: it would have no largest element and no mean.</summary>
    public static void MeetsInput(AxisGeometry axis, int number, string name)
    {
        for (var p = 0; p < axis.Output; p++)
        {
            var start = ((long)p * axis.Stride) - axis.PadLow;
            if (start >= 0 && start < axis.Input)
            {
                // Every window from here to the last that begins inside meets its first element there.
                p = (int)Math.Min(axis.Output, ((axis.Input - 1L + axis.PadLow) / axis.Stride) + 1) - 1;
                continue;
            }

            var first = (-start + axis.Dilation - 1) / axis.Dilation;
            if (start < 0 && first < axis.Kernel && start + (first * axis.Dilation) < axis.Input) continue;
            throw new ArgumentException(
                $"{name}: window {p} on axis {number} lies in the padding alone (window {axis.Kernel} with dilation {axis.Dilation}, padding {axis.PadLow} and {axis.PadHigh}, input {axis.Input}); pad by less than the window or dilate less.");
        }
    }
}
