using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>The checks of a convolution's description, and the one wording of each error.</summary>
internal static class DescriptionChecks
{
    /// <summary>The largest input, dilated kernel, stride and padding of one axis: a quarter of an index, so that sums of them are indices.</summary>
    public const int LargestSize = int.MaxValue / 4;

    /// <summary>Channels, groups and tables; gives the number of groups.</summary>
    public static int Channels(ConvolutionDescription description, int inputChannels, string name)
    {
        if (description.Outputs < 1) throw new ArgumentException($"{name}: {description.Outputs} outputs; at least 1 output channel is needed.");
        if (inputChannels < 1) throw new ArgumentException($"{name}: {inputChannels} input channels; at least 1 is needed.");
        var outputs = description.Outputs;
        if (description.Channels.ConnectionTable is { } table)
        {
            if (table.Outputs != outputs)
            {
                throw new ArgumentException($"{name}: the connection table has {table.Outputs} rows but there are {outputs} outputs; give one row per output.");
            }

            if (table.LeastInputs > inputChannels)
            {
                throw new ArgumentException($"{name}: the connection table names input channel {table.LeastInputs - 1} but the input has {inputChannels} channels (0 to {inputChannels - 1}).");
            }

            if (table.PairCount == 0) throw new ArgumentException($"{name}: the connection table connects nothing; give at least one (output, input) pair.");
            return 1;
        }

        var groups = description.Channels.GroupCount == 0 ? inputChannels : description.Channels.GroupCount;
        if (inputChannels % groups != 0 || outputs % groups != 0)
        {
            throw new ArgumentException(
                $"{name}: {groups} groups do not divide {(inputChannels % groups != 0 ? $"{inputChannels} input" : $"{outputs} output")} channels evenly; both {inputChannels} inputs and {outputs} outputs must be multiples of the groups.");
        }

        return groups;
    }

    /// <summary>The number of axes of every list, and the signs of their numbers.</summary>
    public static void Axes(ConvolutionDescription description, Sizes inputSize, string name)
    {
        var rank = description.Rank;
        if (rank == 0) throw new ArgumentException($"{name}: the kernel has no axes; give one size per spatial axis, such as [3, 3].");
        Count(inputSize, "input");
        if (description.Stride.Count != 0) Count(description.Stride, "stride");
        if (description.Dilation.Count != 0) Count(description.Dilation, "dilation");
        if (description.Padding.Rule == PaddingRule.Explicit) Count(description.Padding.Low, "padding");
        if (description.Sharing.Tile.Count != 0) Count(description.Sharing.Tile, "tile");
        Positive(inputSize, "input");
        Positive(description.Kernel, "kernel");
        Positive(description.Stride, "stride");
        Positive(description.Dilation, "dilation");
        for (var a = 0; a < rank; a++)
        {
            var dilated = ((long)description.DilationOn(a) * (description.Kernel[a] - 1)) + 1;
            if (dilated > LargestSize || inputSize[a] > LargestSize || description.StrideOn(a) > LargestSize
                || (description.Padding.Rule == PaddingRule.Explicit && (long)description.Padding.Low[a] + description.Padding.High[a] > LargestSize))
            {
                throw new ArgumentException($"{name}: axis {a} is too large (dilated kernel {dilated}, input {inputSize[a]}, stride {description.StrideOn(a)}); each may be at most {LargestSize}.");
            }
        }

        void Count(Sizes sizes, string what)
        {
            if (sizes.Count != rank)
            {
                throw new ArgumentException($"{name}: the {what} {sizes} has {sizes.Count} axes but the kernel {description.Kernel} has {rank}; give one number per spatial axis.");
            }
        }

        void Positive(Sizes sizes, string what)
        {
            for (var a = 0; a < sizes.Count; a++)
            {
                if (sizes[a] < 1) throw new ArgumentException($"{name}: {what} {sizes[a]} on axis {a}; it must be at least 1.");
            }
        }
    }

    /// <summary>A tensor [N, C, i_1 … i_d] has two axes more than the kernel.</summary>
    public static void InputShape(ConvolutionDescription description, Sizes shape, string name)
    {
        if (shape.Count != description.Rank + 2)
        {
            throw new ArgumentException(
                $"{name}: the shape {shape} has {shape.Count} axes; a kernel {description.Kernel} takes {description.Rank + 2}: batch, channels and {description.Rank} spatial.");
        }

        if (shape[0] < 1) throw new ArgumentException($"{name}: a batch of {shape[0]}; it must be at least 1.");
    }

    /// <summary>The kernel fits the padded input.</summary>
    public static void Fits(ConvolutionDescription description, int axis, int input, long padding, int dilated, long output, string name)
    {
        if (output >= 1) return;
        var kernel = description.Kernel[axis];
        var dilation = description.DilationOn(axis);
        var size = dilation == 1 ? $"{kernel}" : $"{kernel} with dilation {dilation} (reaching over {dilated})";
        var largest = ((input + padding - 1) / dilation) + 1;
        throw new ArgumentException(
            $"{name}: kernel {size} does not fit input {input} with padding {padding} on axis {axis}; pad by {dilated - input - padding} more or use a kernel of at most {largest}.");
    }

    /// <summary>No tensor of the operator has more elements than an index can count.</summary>
    public static void Memory(ConvolutionDescription description, int inputChannels, AxisGeometry[] axes, int groups, string name)
    {
        try
        {
            long input = inputChannels, output = description.Outputs, bias = description.Outputs;
            var kernel = description.Channels.ConnectionTable?.PairCount ?? (long)description.Outputs * (inputChannels / groups);
            foreach (var axis in axes)
            {
                input = checked(input * axis.Input);
                output = checked(output * axis.Output);
                kernel = checked(kernel * axis.Kernel * axis.Tile);
                bias = checked(bias * axis.Tile);
            }

            if (Math.Max(Math.Max(input, output), Math.Max(kernel, bias)) <= int.MaxValue) return;
        }
        catch (OverflowException)
        {
        }

        throw new ArgumentException(
            $"{name}: kernel {description.Kernel}, {description.Sharing}, over input {string.Join('×', axes.Select(a => a.Input))} with {inputChannels} to {description.Outputs} channels needs a tensor of more than {int.MaxValue} elements per example; use fewer channels, a smaller tile or smaller sizes.");
    }

    /// <summary>No tensor of a whole batch has more elements than an index can count.</summary>
    public static void Batch(OperatorGeometry geometry, int batch, string name)
    {
        var largest = Math.Max(geometry.InputChannels * geometry.InputSize.Product, geometry.OutputChannels * geometry.OutputSize.Product);
        if (batch <= int.MaxValue / largest) return;
        throw new ArgumentException($"{name}: a batch of {batch} examples of {largest} elements is more than {int.MaxValue} elements; use a batch of at most {int.MaxValue / largest}.");
    }
}
