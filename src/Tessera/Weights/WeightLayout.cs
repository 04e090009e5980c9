using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Weights;

/// <summary>
/// In which order a system stores the weights of a convolution, shared, tiled or unshared: which of output positions p (or tile positions),
/// output channels m, input channels c of a group and kernel offsets q runs slowest and which fastest, and whether it lays kernels over the input
/// backwards. From it follow a kernel K [t…, M, C/g, k…] and a bias b [t…, M] of this library, and the way back. Arrays may have axes
/// merged, as many systems store them: [oR·oC, kR·kC·C, F] for [oR, oC, kR, kC, C, F].
/// </summary>
public sealed class WeightLayout
{
    private readonly Axis[] order;
    private readonly bool flips;
    private readonly BiasOrder bias;

    private WeightLayout(string name, Axis[] order, BiasOrder bias, bool flips = false) =>
        (Name, this.order, this.bias, this.flips) = (name, order, bias, flips);

    private enum Axis
    {
        Positions,
        Outputs,
        Channels,
        Kernel,
    }

    private enum BiasOrder
    {
        PositionsOutputs,
        OutputsPositions,

        /// <summary>Shaped [positions, outputs], and read as if it were [outputs, positions].</summary>
        OutputsPositionsMisnamed,
    }

    /// <summary>This library's own: K [t…, M, C/g, k…], b [t…, M]. Where kernels are shared it is PyTorch's out × in/g × k, and its in × out/g × k of a transposed convolution.</summary>
    public static WeightLayout Tessera { get; } = new("Tessera", [Axis.Positions, Axis.Outputs, Axis.Channels, Axis.Kernel], BiasOrder.PositionsOutputs);

    /// <summary>
    /// Keras with channels last: LocallyConnected1D and 2D of implementation 1, [oR·oC, kR·kC·C, F] with bias [oR, oC, F]; and, where kernels are
    /// shared, Conv [kR, kC, C/g, F] and Conv…Transpose [kR, kC, F, C].
    /// </summary>
    public static WeightLayout KerasChannelsLast { get; } = new("Keras channels_last", [Axis.Positions, Axis.Kernel, Axis.Channels, Axis.Outputs], BiasOrder.PositionsOutputs);

    /// <summary>
    /// Keras with channels first: LocallyConnected1D and 2D of implementation 1, [oR·oC, C·kR·kC, F]. Its bias has the shape [oR, oC, F] but is added
    /// to [F, oR, oC] as it lies in memory, without a transpose; so it is read that way. (Conv kernels of Keras do not depend on the place of channels: <see cref="KerasChannelsLast"/>.)
    /// </summary>
    public static WeightLayout KerasChannelsFirst { get; } = new("Keras channels_first", [Axis.Positions, Axis.Channels, Axis.Kernel, Axis.Outputs], BiasOrder.OutputsPositionsMisnamed);

    /// <summary>Flax's ConvLocal (JAX's conv_general_dilated_local): [o…, C·k…, F], the channel slowest in a window; bias [o…, F].</summary>
    public static WeightLayout FlaxConvLocal { get; } = new("Flax ConvLocal", [Axis.Positions, Axis.Channels, Axis.Kernel, Axis.Outputs], BiasOrder.PositionsOutputs);

    /// <summary>
    /// Theano's unshared convolution as it comes (<c>filter_flip=True</c>): [F, oR, oC, C/g, kR, kC], laid over the input backwards; a bias is the
    /// user's own and taken as [F, oR, oC].
    /// </summary>
    public static WeightLayout Theano { get; } = new("Theano", [Axis.Outputs, Axis.Positions, Axis.Channels, Axis.Kernel], BiasOrder.OutputsPositions, flips: true);

    /// <summary>Theano's unshared convolution with <c>filter_flip=False</c>.</summary>
    public static WeightLayout TheanoUnflipped { get; } = new("Theano without filter_flip", [Axis.Outputs, Axis.Positions, Axis.Channels, Axis.Kernel], BiasOrder.OutputsPositions);

    /// <summary>Lua Torch's SpatialConvolutionLocal: [oH, oW, O, C, kH, kW], or the same memory as [oH·oW, O, C·kH·kW]; bias [O, oH, oW].</summary>
    public static WeightLayout LuaTorch { get; } = new("Lua Torch", [Axis.Positions, Axis.Outputs, Axis.Channels, Axis.Kernel], BiasOrder.OutputsPositions);

    /// <summary>
    /// cuda-convnet's local layers: [modules, C/g, pixels, filters]; bias [filters, modules]. Its modules go on until the input is covered, so the last
    /// windows may hang over the end: describe the operator with that much padding there.
    /// </summary>
    public static WeightLayout CudaConvnet { get; } = new("cuda-convnet", [Axis.Positions, Axis.Channels, Axis.Kernel, Axis.Outputs], BiasOrder.OutputsPositions);

    /// <summary>Whose layout it is.</summary>
    public string Name { get; }

    /// <summary>The shape of a kernel array in this layout, no axes merged.</summary>
    /// <exception cref="ArgumentException">The operator has a connection table, which the layout has no place for.</exception>
    public Sizes KernelShape(OperatorGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        if (geometry.Table is not null)
        {
            return ReferenceEquals(this, Tessera) ? geometry.KernelShape
                : throw new ArgumentException($"{Name}: the operator has {geometry.PairCount} channel pairs of a connection table, which this layout cannot hold; use dense or grouped channels.", nameof(geometry));
        }

        return order.Aggregate(Sizes.Empty, (shape, axis) => shape.Append(axis switch
        {
            Axis.Positions => Positions(geometry),
            Axis.Outputs => [geometry.OutputChannels],
            Axis.Channels => [geometry.InputChannels / geometry.Groups],
            _ => geometry.KernelSize,
        }));
    }

    /// <summary>The shape that the system says its bias arrays have, for a bias that is shared as the kernel is.</summary>
    public Sizes BiasShape(OperatorGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        Sizes outputs = [geometry.OutputChannels];
        return bias == BiasOrder.OutputsPositions ? outputs.Append(Positions(geometry)) : Positions(geometry).Append(outputs);
    }

    /// <summary>K [t…, M, C/g, k…] of an operator from an array in this layout.</summary>
    /// <param name="geometry">The operator.</param>
    /// <param name="array">The system's kernel, of <see cref="KernelShape"/> or with neighbouring axes merged.</param>
    /// <exception cref="ArgumentException">The array has another shape; the message has both.</exception>
    public Tensor<T> ReadKernel<T>(OperatorGeometry geometry, in ReadOnlyTensorSpan<T> array)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = Flat(array, KernelShape(geometry), "kernel");
        var kernel = new T[values.Length];
        if (geometry.Table is not null) values.CopyTo(kernel, 0);
        else Each(KernelAxes(geometry), Start(geometry), (from, to) => kernel[to] = values[from]);
        return Tensor.Create(kernel, geometry.KernelShape.ToLengths());
    }

    /// <summary>An array in this layout, of <see cref="KernelShape"/>, from K [t…, M, C/g, k…].</summary>
    /// <exception cref="ArgumentException">The kernel is not of the operator's shape.</exception>
    public Tensor<T> WriteKernel<T>(OperatorGeometry geometry, in ReadOnlyTensorSpan<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var shape = KernelShape(geometry);
        TensorChecks.Dense(kernel, geometry.KernelShape, "kernel");
        var values = new T[kernel.FlattenedLength];
        kernel.FlattenTo(values);
        var array = new T[values.Length];
        if (geometry.Table is not null) values.CopyTo(array, 0);
        else Each(KernelAxes(geometry), Start(geometry), (to, from) => array[to] = values[from]);
        return Tensor.Create(array, shape.ToLengths());
    }

    /// <summary>b [t…, M] of an operator whose bias is shared as its kernel is, from an array in this layout.</summary>
    /// <exception cref="ArgumentException">The array has another shape; the message has both.</exception>
    public Tensor<T> ReadBias<T>(OperatorGeometry geometry, in ReadOnlyTensorSpan<T> array)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = Flat(array, BiasShape(geometry), "bias");
        var result = new T[values.Length];
        Each(BiasAxes(geometry), 0, (from, to) => result[to] = values[from]);
        return Tensor.Create(result, Positions(geometry).Append([geometry.OutputChannels]).ToLengths());
    }

    /// <summary>An array in this layout, of <see cref="BiasShape"/>, from b [t…, M].</summary>
    /// <exception cref="ArgumentException">The bias is not of the operator's shape.</exception>
    public Tensor<T> WriteBias<T>(OperatorGeometry geometry, in ReadOnlyTensorSpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var shape = BiasShape(geometry);
        TensorChecks.Dense(values, Positions(geometry).Append([geometry.OutputChannels]), "bias");
        var own = new T[values.FlattenedLength];
        values.FlattenTo(own);
        var array = new T[own.Length];
        Each(BiasAxes(geometry), 0, (to, from) => array[to] = own[from]);
        return Tensor.Create(array, shape.ToLengths());
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Whether <paramref name="shape"/> is <paramref name="full"/> with neighbouring axes merged (and axes of size 1 left out or put in).</summary>
    internal static bool IsMerged(Sizes shape, Sizes full)
    {
        var at = 0;
        foreach (var size in shape)
        {
            long product = 1;
            while (product < size && at < full.Count) product *= full[at++];
            if (product != size) return false;
        }

        while (at < full.Count && full[at] == 1) at++;
        return at == full.Count;
    }

    private static Sizes Positions(OperatorGeometry geometry) => geometry.HasTileAxes ? geometry.Tile : Sizes.Empty;

    private T[] Flat<T>(in ReadOnlyTensorSpan<T> array, Sizes full, string what)
    {
        var shape = Sizes.Of(array.Lengths);
        if (!IsMerged(shape, full))
            throw new ArgumentException($"{Name}: the {what} array is {shape}, but this operator's is {full} (neighbouring axes may be merged); check the operator's sizes, stride and padding.", nameof(array));
        var values = new T[array.FlattenedLength];
        array.FlattenTo(values);
        return values;
    }

    /// <summary>Sizes of the array's axes, slowest first, with the steps that they make in K.</summary>
    private (int Size, int Step)[] KernelAxes(OperatorGeometry geometry)
    {
        int volume = (int)geometry.KernelSize.Product, channels = geometry.InputChannels / geometry.Groups;
        return [.. order.Select(axis => axis switch
        {
            Axis.Positions => ((int)Positions(geometry).Product, geometry.OutputChannels * channels * volume),
            Axis.Outputs => (geometry.OutputChannels, channels * volume),
            Axis.Channels => (channels, volume),
            _ => (volume, IsBackwards(geometry) ? -1 : 1),
        })];
    }

    private (int Size, int Step)[] BiasAxes(OperatorGeometry geometry)
    {
        var positions = ((int)Positions(geometry).Product, geometry.OutputChannels);
        var outputs = (geometry.OutputChannels, 1);
        return bias == BiasOrder.PositionsOutputs ? [(1, 0), (1, 0), positions, outputs] : [(1, 0), (1, 0), outputs, positions];
    }

    /// <summary>Where the array's first element stands in K.</summary>
    private int Start(OperatorGeometry geometry) => IsBackwards(geometry) ? (int)geometry.KernelSize.Product - 1 : 0;

    /// <summary>Whether one of the two systems lays the kernel over the input backwards and the other does not.</summary>
    private bool IsBackwards(OperatorGeometry geometry) => geometry.Axes[0].Flip != flips;

    private static void Each((int Size, int Step)[] axes, int start, Action<int, int> take)
    {
        var place = 0;
        for (var a = 0; a < axes[0].Size; a++)
        {
            for (var b = 0; b < axes[1].Size; b++)
            {
                for (var c = 0; c < axes[2].Size; c++)
                {
                    var at = start + (a * axes[0].Step) + (b * axes[1].Step) + (c * axes[2].Step);
                    for (var d = 0; d < axes[3].Size; d++, at += axes[3].Step) take(place++, at);
                }
            }
        }
    }
}
