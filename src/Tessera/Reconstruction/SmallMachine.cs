using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// A machine like another with so few units that all states of its smaller side can be gone through again and again: the same strides, dilations,
/// padding rule, sharing, biases and units; two output channels of as few inputs as its connections allow; the smallest input that gives about two
/// positions an axis. Where that is still too large, one output channel, then a smaller kernel, then less explicit padding.
/// </summary>
internal static class SmallMachine
{
    /// <summary>The most states, as an exponent of 2.</summary>
    private const double MostBits = 12;

    /// <summary>The largest size that is tried on one axis.</summary>
    private const int LargestInput = 256;

    /// <summary>The small machine and the shape of its images; the smallest found where none has few enough units.</summary>
    public static (RbmDescription Description, Sizes VisibleShape) Of(RbmDescription description, Sizes visibleShape)
    {
        (RbmDescription, Sizes)? smallest = null;
        var least = double.PositiveInfinity;
        foreach (var most in (ReadOnlySpan<int>)[int.MaxValue, 3, 2, 1])
        {
            foreach (var outputs in (ReadOnlySpan<int>)[2, 1])
            {
                foreach (var positions in (ReadOnlySpan<int>)[2, 1])
                {
                    if (Make(description, visibleShape, outputs, positions, most) is not { } made) continue;
                    var bits = RbmEnumeration<double>.Bits(made.Description, made.Description.Resolve(made.VisibleShape));
                    if (bits <= MostBits) return made;
                    if (bits < least) (least, smallest) = (bits, made);
                }
            }
        }

        return smallest ?? (description, visibleShape);
    }

    private static (RbmDescription Description, Sizes VisibleShape)? Make(RbmDescription description, Sizes visibleShape, int outputs, int positions, int most)
    {
        var (channels, inputs, made) = Channels(description.Operator.Channels, outputs);
        var small = description.Operator with
        {
            Channels = channels,
            Outputs = made,
            Kernel = [.. description.Operator.Kernel.Select(size => Math.Min(size, most))],
            Padding = most == int.MaxValue || description.Operator.Padding.Rule != PaddingRule.Explicit
                ? description.Operator.Padding
                : Padding.Explicit([.. description.Operator.Padding.Low.Select(zeros => Math.Min(zeros, most - 1))], [.. description.Operator.Padding.High.Select(zeros => Math.Min(zeros, most - 1))]),
        };
        var sizes = new int[small.Rank];
        var blocks = description.Pooling.ToArray();
        for (var axis = 0; axis < sizes.Length; axis++)
        {
            var (size, output) = SmallestInput(small, axis, positions, Math.Min(LargestInput, visibleShape[axis + 1] + small.Kernel[axis]));
            if (size == 0) return null;
            sizes[axis] = size;
            if (blocks.Length > 0) blocks[axis] = Math.Min(blocks[axis], output);
        }

        return (description with { Operator = small, Pooling = Sizes.Create(blocks) }, [inputs, .. sizes]);
    }

    /// <summary>Connections of the same kind among few channels, with the inputs and outputs that they take.</summary>
    private static (ChannelConnections Channels, int Inputs, int Outputs) Channels(ChannelConnections channels, int outputs)
    {
        if (channels.GroupCount == 0) return (channels, outputs, outputs);
        if (channels.GroupCount > 1) return (ChannelConnections.Groups(outputs), outputs, outputs);
        if (channels.ConnectionTable is not { } table) return (channels, 1, outputs);
        // The table's first rows that see anything, each cut to two inputs; the inputs numbered anew.
        var rows = new List<int[]>();
        for (var row = 0; row < table.Outputs && rows.Count < outputs; row++)
        {
            var seen = table.InputsOf(row);
            if (!seen.IsEmpty) rows.Add(seen[..Math.Min(2, seen.Length)].ToArray());
        }

        var numbers = rows.SelectMany(static row => row).Distinct().Order().ToArray();
        return (ChannelConnections.Table(ConnectionTable.FromRows([.. rows.Select(row => row.Select(input => Array.IndexOf(numbers, input)).ToArray())])), numbers.Length, rows.Count);
    }

    /// <summary>The smallest input of one axis with at least so many output positions, or the smallest that fits at all; 0 where none does.</summary>
    private static (int Input, int Output) SmallestInput(ConvolutionDescription small, int axis, int positions, int largest)
    {
        var (kernel, stride, dilation) = (small.Kernel[axis], small.StrideOn(axis), small.DilationOn(axis));
        var dilated = (dilation * (kernel - 1)) + 1;
        for (var input = 1; input <= Math.Max(largest, dilated + stride); input++)
        {
            var (low, high) = small.Padding.Resolve(axis, input, dilated, stride);
            var output = OperatorGeometry.OutputSizeOf(input, low, high, dilated, stride);
            if (output >= positions) return (input, (int)output);
        }

        return (0, 0);
    }
}
