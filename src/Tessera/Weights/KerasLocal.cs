using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Weights;

/// <summary>
/// The kernels of Keras 2's LocallyConnected1D and 2D in the three forms that its <c>implementation</c> chooses between, as kernels K [o…, M, C, k…]
/// of an unshared operator, and back. Biases are <see cref="WeightLayout.KerasChannelsLast"/>'s or <see cref="WeightLayout.KerasChannelsFirst"/>'s in all three.
/// </summary>
/// <remarks>
/// Keras pads for <c>same</c> (which only implementations 2 and 3 have) with ⌊k / 2⌋ zeros before the input at any stride and kernel size, which is
/// another alignment than <see cref="Padding.Same"/> for even kernels and with most strides: use <see cref="SamePadding"/>.
/// </remarks>
public static class KerasLocal
{
    /// <summary>The padding of Keras' local layers for <c>padding="same"</c>: ⌊k / 2⌋ before each axis, and after it what the last window needs.</summary>
    /// <param name="input">Input size [i…].</param>
    /// <param name="kernel">Kernel size [k…].</param>
    /// <param name="stride">Stride per axis; empty for 1.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static Padding SamePadding(Sizes input, Sizes kernel, Sizes stride)
    {
        if (input.Count != kernel.Count || (stride.Count > 0 && stride.Count != kernel.Count))
            throw new ArgumentException($"padding: input {input}, kernel {kernel} and stride {stride} differ in their number of axes; give one number per axis.", nameof(kernel));
        int[] low = new int[kernel.Count], high = new int[kernel.Count];
        for (var a = 0; a < low.Length; a++)
        {
            var step = stride.Count == 0 ? 1 : stride[a];
            low[a] = kernel[a] / 2;
            var last = (input[a] + step - 1) / step - 1;
            high[a] = Math.Max(0, (last * step) + kernel[a] - low[a] - input[a]);
        }

        return Padding.Explicit(Sizes.Create(low), Sizes.Create(high));
    }

    /// <summary>
    /// K from the kernel of any implementation, told by its number of axes: 3 are implementation 1's [o, k·C, F], twice those of an input are
    /// implementation 2's, 1 is implementation 3's.
    /// </summary>
    /// <param name="geometry">The operator: unshared, dense channels, dilation 1, and Keras' padding.</param>
    /// <param name="format">Where the layer had its channels; the array does not say it in every form.</param>
    /// <param name="array">Keras' kernel.</param>
    /// <exception cref="ArgumentException">The operator is none of Keras', or the array does not fit it; the message has both shapes.</exception>
    public static Tensor<T> ReadKernel<T>(OperatorGeometry geometry, KerasDataFormat format, in ReadOnlyTensorSpan<T> array)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(geometry);
        return array.Rank switch
        {
            1 => ReadSparse(geometry, format, array),
            3 => Layout(format).ReadKernel(geometry, array),
            _ => ReadMasked(geometry, format, array),
        };
    }

    /// <summary>K from the kernel of implementation 2, a dense matrix that Keras masks: [i…, C, o…, F], or [C, i…, F, o…] with channels first. What the mask hides is left out.</summary>
    /// <exception cref="ArgumentException">The operator is none of Keras', or the array does not fit it; the message has both shapes.</exception>
    public static Tensor<T> ReadMasked<T>(OperatorGeometry geometry, KerasDataFormat format, in ReadOnlyTensorSpan<T> array)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Check(geometry);
        TensorChecksOf(array, MaskedShape(geometry, format), "2");
        var values = new T[array.FlattenedLength];
        array.FlattenTo(values);
        var kernel = new T[geometry.KernelShape.Product];
        foreach (var (place, cell) in Connections(geometry, format)) kernel[place] = values[cell];
        return Tensor.Create(kernel, geometry.KernelShape.ToLengths());
    }

    /// <summary>The kernel of implementation 2 from K: 0 where nothing is connected.</summary>
    /// <exception cref="ArgumentException">The operator is none of Keras', the kernel is not of its shape, or the matrix would be too large.</exception>
    public static Tensor<T> WriteMasked<T>(OperatorGeometry geometry, KerasDataFormat format, in ReadOnlyTensorSpan<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = Own(geometry, kernel);
        var shape = MaskedShape(geometry, format);
        if (shape.Product > Array.MaxLength)
            throw new ArgumentException($"Keras implementation 2: a matrix {shape} has more than {Array.MaxLength} elements; write implementation 3's, which has {geometry.MultiplyAdds}.", nameof(geometry));
        var array = new T[shape.Product];
        foreach (var (place, cell) in Connections(geometry, format)) array[cell] = values[place];
        return Tensor.Create(array, shape.ToLengths());
    }

    /// <summary>K from the kernel of implementation 3: the weights of the connected pairs alone, sorted by (output, input) as Keras numbers them. Kernel elements that meet padding alone become 0.</summary>
    /// <exception cref="ArgumentException">The operator is none of Keras', or has another number of connections; the message has both.</exception>
    public static Tensor<T> ReadSparse<T>(OperatorGeometry geometry, KerasDataFormat format, in ReadOnlyTensorSpan<T> array)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Check(geometry);
        TensorChecksOf(array, [checked((int)geometry.MultiplyAdds)], "3");
        var values = new T[array.FlattenedLength];
        array.FlattenTo(values);
        var kernel = new T[geometry.KernelShape.Product];
        var next = 0;
        foreach (var (place, _) in Connections(geometry, format)) kernel[place] = values[next++];
        return Tensor.Create(kernel, geometry.KernelShape.ToLengths());
    }

    /// <summary>The kernel of implementation 3 from K.</summary>
    /// <exception cref="ArgumentException">The operator is none of Keras', or the kernel is not of its shape.</exception>
    public static Tensor<T> WriteSparse<T>(OperatorGeometry geometry, KerasDataFormat format, in ReadOnlyTensorSpan<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = Own(geometry, kernel);
        T[] array = [.. Connections(geometry, format).Select(connection => values[connection.Place])];
        return Tensor.Create(array, [array.Length]);
    }

    internal static WeightLayout Layout(KerasDataFormat format) => format == KerasDataFormat.ChannelsLast ? WeightLayout.KerasChannelsLast : WeightLayout.KerasChannelsFirst;

    private static Sizes MaskedShape(OperatorGeometry geometry, KerasDataFormat format)
    {
        Sizes inputs = [geometry.InputChannels], outputs = [geometry.OutputChannels];
        return format == KerasDataFormat.ChannelsLast
            ? geometry.InputSize.Append(inputs).Append(geometry.OutputSize).Append(outputs)
            : inputs.Append(geometry.InputSize).Append(outputs).Append(geometry.OutputSize);
    }

    /// <summary>
    /// Every connected (output, input) pair in the order of (output, input): the place of its weight in K, and its cell in the matrix of inputs
    /// by outputs. With channels last numbers run position, channel; with channels first channel, position.
    /// </summary>
    private static IEnumerable<(int Place, long Cell)> Connections(OperatorGeometry geometry, KerasDataFormat format)
    {
        int channels = geometry.InputChannels, outputs = geometry.OutputChannels, volume = (int)geometry.KernelSize.Product;
        int positions = (int)geometry.OutputSize.Product, inputs = (int)geometry.InputSize.Product;
        long columns = (long)positions * outputs;
        var last = format == KerasDataFormat.ChannelsLast;
        var windows = Enumerable.Range(0, positions).Select(position => Window(geometry, position)).ToArray();
        for (var output = 0; output < columns; output++)
        {
            var (p, m) = last ? (output / outputs, output % outputs) : (output % positions, output / positions);
            for (var outer = 0; outer < (last ? windows[p].Count : channels); outer++)
            {
                for (var inner = 0; inner < (last ? channels : windows[p].Count); inner++)
                {
                    var (element, x) = windows[p][last ? outer : inner];
                    var c = last ? inner : outer;
                    var input = last ? ((long)x * channels) + c : ((long)c * inputs) + x;
                    yield return (((((p * outputs) + m) * channels) + c) * volume + element, (input * columns) + output);
                }
            }
        }
    }

    /// <summary>The kernel elements that meet a real input at an output position, with those inputs, in rising order of inputs.</summary>
    private static List<(int Element, int Input)> Window(OperatorGeometry geometry, int position)
    {
        var window = new List<(int Element, int Input)> { (0, 0) };
        var rest = (int)geometry.OutputSize.Product;
        foreach (var axis in geometry.Axes)
        {
            rest /= axis.Output;
            var p = position / rest % axis.Output;
            var longer = new List<(int Element, int Input)>();
            foreach (var (element, input) in window)
            {
                for (var tap = 0; tap < axis.Kernel; tap++)
                {
                    var x = (p * axis.Stride) + tap - axis.PadLow;
                    if (x >= 0 && x < axis.Input) longer.Add(((element * axis.Kernel) + (axis.Flip ? axis.Kernel - 1 - tap : tap), (input * axis.Input) + x));
                }
            }

            window = longer;
        }

        return window;
    }

    private static void Check(OperatorGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        if (!geometry.IsUnshared || geometry.Groups != 1 || geometry.Table is not null)
            throw new ArgumentException("Keras LocallyConnected: the operator must be unshared with dense channels.", nameof(geometry));
        for (var a = 0; a < geometry.Axes.Length; a++)
        {
            var axis = geometry.Axes[a];
            var isValid = axis.PadLow == 0 && axis.Output == ((axis.Input - axis.Kernel) / axis.Stride) + 1;
            var isSame = axis.PadLow == axis.Kernel / 2 && axis.Output == (axis.Input + axis.Stride - 1) / axis.Stride;
            if (axis.Dilation == 1 && (isValid || isSame)) continue;
            throw new ArgumentException(
                $"Keras LocallyConnected: axis {a} has padding ({axis.PadLow}, {axis.PadHigh}) and dilation {axis.Dilation}, but Keras' local layers have dilation 1 and padding 0, or {axis.Kernel / 2} before the input for 'same' (KerasLocal.SamePadding makes it).",
                nameof(geometry));
        }
    }

    private static T[] Own<T>(OperatorGeometry geometry, in ReadOnlyTensorSpan<T> kernel)
    {
        Check(geometry);
        TensorChecks.Dense(kernel, geometry.KernelShape, "kernel");
        var values = new T[kernel.FlattenedLength];
        kernel.FlattenTo(values);
        return values;
    }

    private static void TensorChecksOf<T>(in ReadOnlyTensorSpan<T> array, Sizes shape, string implementation)
    {
        if (Sizes.Of(array.Lengths) == shape) return;
        throw new ArgumentException($"Keras implementation {implementation}: the kernel array is {Sizes.Of(array.Lengths)}, but this operator's is {shape}; check its sizes, stride, padding and data format.", nameof(array));
    }
}
