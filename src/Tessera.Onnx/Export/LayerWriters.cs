using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Export.Layers;

namespace Tessera.Onnx.Export;

/// <summary>Which method writes which layer. A new layer is one line here, and a method where a node alone does not do.</summary>
internal static class LayerWriters
{
    private static readonly Dictionary<Type, Func<LayerScope, string>> Writers = new()
    {
        [typeof(Convolution)] = Of<Convolution>(ConvolutionWriters.Write),
        [typeof(TransposedConvolution)] = Of<TransposedConvolution>(ConvolutionWriters.Write),
        [typeof(Dense)] = Of<Dense>(DenseWriters.Write),
        [typeof(TiedTranspose)] = Of<TiedTranspose>(DenseWriters.Write),
        [typeof(MaxPool)] = Of<MaxPool>(PoolingWriters.Write),
        [typeof(AveragePool)] = Of<AveragePool>(PoolingWriters.Write),
        [typeof(LpPool)] = Of<LpPool>(PoolingWriters.Write),
        [typeof(GlobalPool)] = Of<GlobalPool>(PoolingWriters.Write),
        [typeof(ChannelPool)] = Of<ChannelPool>(PoolingWriters.Write),
        [typeof(MaxPositions)] = Of<MaxPositions>(PoolingWriters.Write),
        [typeof(MaxUnpool)] = Of<MaxUnpool>(UnpoolingWriter.Write),
        [typeof(BatchNormalisation)] = Any<BatchNormalisation>(ChannelWriters.Write),
        [typeof(InstanceNormalisation)] = Any<InstanceNormalisation>(NormalisationWriters.Write),
        [typeof(GroupNormalisation)] = Any<GroupNormalisation>(NormalisationWriters.Write),
        [typeof(LayerNormalisation)] = Any<LayerNormalisation>(NormalisationWriters.Write),
        [typeof(LocalResponseNormalisation)] = Any<LocalResponseNormalisation>(NormalisationWriters.Write),
        [typeof(SoftThreshold)] = Of<SoftThreshold>(ChannelWriters.Write),
        [typeof(Softmax)] = Any<Softmax>(ChannelWriters.Write),
        [typeof(LogSoftmax)] = Any<LogSoftmax>(ChannelWriters.Write),
        [typeof(Concatenate)] = Any<Concatenate>(ChannelWriters.Write),
        [typeof(GaussianSample)] = Of<GaussianSample>(ChannelWriters.Write),
        [typeof(Dropout)] = Any<Dropout>(ElementWriters.Write),
        [typeof(Noise)] = Node("Identity"),
        [typeof(Sparsity)] = Node("Identity"),
        [typeof(Relu)] = Node("Relu"),
        [typeof(LeakyRelu)] = Any<LeakyRelu>(ElementWriters.Write),
        [typeof(Elu)] = Any<Elu>(ElementWriters.Write),
        [typeof(Gelu)] = Any<Gelu>(ElementWriters.Write),
        [typeof(Selu)] = Any<Selu>(ElementWriters.Write),
        [typeof(Celu)] = Any<Celu>(ElementWriters.Write),
        [typeof(PRelu)] = Any<PRelu>(ElementWriters.Write),
        [typeof(ThresholdedRelu)] = Any<ThresholdedRelu>(ElementWriters.Write),
        [typeof(HardSigmoid)] = Any<HardSigmoid>(ElementWriters.Write),
        [typeof(HardSwish)] = Node("HardSwish"),
        [typeof(Softsign)] = Node("Softsign"),
        [typeof(Mish)] = Node("Mish"),
        [typeof(Clip)] = Any<Clip>(ElementWriters.Write),
        [typeof(Elementwise)] = Any<Elementwise>(ElementWriters.Write),
        [typeof(Silu)] = Any<Silu>(ElementWriters.Write),
        [typeof(Sigmoid)] = Node("Sigmoid"),
        [typeof(Softplus)] = Node("Softplus"),
        [typeof(Tanh)] = Node("Tanh"),
        [typeof(Add)] = Node("Sum"),
        [typeof(Multiply)] = Any<Multiply>(ArithmeticWriters.Write),
        [typeof(Subtract)] = Node("Sub"),
        [typeof(Divide)] = Node("Div"),
        [typeof(Power)] = Node("Pow"),
        [typeof(Minimum)] = Node("Min"),
        [typeof(Maximum)] = Node("Max"),
        [typeof(MatrixProduct)] = Node("MatMul"),
        [typeof(Constant)] = Any<Constant>(ArithmeticWriters.Write),
        [typeof(Reduce)] = Any<Reduce>(ArithmeticWriters.Write),
        [typeof(ArgMax)] = Any<ArgMax>(ArithmeticWriters.Write),
        [typeof(Permute)] = Any<Permute>(MovementWriters.Write),
        [typeof(View)] = Any<View>(MovementWriters.Write),
        [typeof(Slice)] = Any<Slice>(MovementWriters.Write),
        [typeof(Gather)] = Any<Gather>(MovementWriters.Write),
        [typeof(Expand)] = Any<Expand>(MovementWriters.Write),
        [typeof(DepthToSpace)] = Any<DepthToSpace>(MovementWriters.Write),
        [typeof(SpaceToDepth)] = Any<SpaceToDepth>(MovementWriters.Write),
        [typeof(PadAxes)] = Any<PadAxes>(BorderWriters.Write),
        [typeof(Resize)] = Of<Resize>(ResizeWriter.Write),
        [typeof(Flatten)] = Any<Flatten>(ShapeWriters.Write),
        [typeof(Reshape)] = Of<Reshape>(ShapeWriters.Write),
        [typeof(Pad)] = Of<Pad>(ShapeWriters.Write),
        [typeof(Upsample)] = Of<Upsample>(ShapeWriters.Write),
    };

    /// <summary>Writes the nodes of a layer and gives the name of its output; null for a layer of a kind that is not written.</summary>
    /// <exception cref="NotSupportedException">Its settings have no equivalent; the message says which.</exception>
    public static string? Write(LayerScope scope) => Writers.TryGetValue(scope.Layer.GetType(), out var write) ? write(scope) : null;

    /// <summary>A layer whose nodes take the first axis for the batch, and the other sizes for fixed.</summary>
    private static Func<LayerScope, string> Of<T>(Func<LayerScope, T, string> write)
        where T : Layer => scope => scope.BatchIsFirst
            ? write(scope, (T)scope.Layer)
            : throw new NotSupportedException($"sizes of its input {scope.Shape} after the first depend on the batch; permute the batch to the front before it");

    /// <summary>A layer whose nodes hold wherever the batch is.</summary>
    private static Func<LayerScope, string> Any<T>(Func<LayerScope, T, string> write)
        where T : Layer => scope => write(scope, (T)scope.Layer);

    /// <summary>A layer that is one node without settings, of all its inputs.</summary>
    private static Func<LayerScope, string> Node(string type) => scope => scope.Node(type, [.. scope.Inputs]);
}
