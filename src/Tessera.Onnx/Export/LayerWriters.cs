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
        [typeof(MaxUnpool)] = Of<MaxUnpool>(UnpoolingWriter.Write),
        [typeof(BatchNormalisation)] = Of<BatchNormalisation>(ChannelWriters.Write),
        [typeof(SoftThreshold)] = Of<SoftThreshold>(ChannelWriters.Write),
        [typeof(Softmax)] = Of<Softmax>(ChannelWriters.Write),
        [typeof(Concatenate)] = Of<Concatenate>(ChannelWriters.Write),
        [typeof(GaussianSample)] = Of<GaussianSample>(ChannelWriters.Write),
        [typeof(Dropout)] = Of<Dropout>(ElementWriters.Write),
        [typeof(Noise)] = Node("Identity"),
        [typeof(Sparsity)] = Node("Identity"),
        [typeof(Relu)] = Node("Relu"),
        [typeof(LeakyRelu)] = Of<LeakyRelu>(ElementWriters.Write),
        [typeof(Elu)] = Of<Elu>(ElementWriters.Write),
        [typeof(Gelu)] = Of<Gelu>(ElementWriters.Write),
        [typeof(Silu)] = Of<Silu>(ElementWriters.Write),
        [typeof(Sigmoid)] = Node("Sigmoid"),
        [typeof(Softplus)] = Node("Softplus"),
        [typeof(Tanh)] = Node("Tanh"),
        [typeof(Add)] = Node("Sum"),
        [typeof(Multiply)] = Of<Multiply>(ElementWriters.Write),
        [typeof(Flatten)] = Of<Flatten>(ShapeWriters.Write),
        [typeof(Reshape)] = Of<Reshape>(ShapeWriters.Write),
        [typeof(Pad)] = Of<Pad>(ShapeWriters.Write),
        [typeof(Upsample)] = Of<Upsample>(ShapeWriters.Write),
    };

    /// <summary>Writes the nodes of a layer and gives the name of its output; null for a layer of a kind that is not written.</summary>
    /// <exception cref="NotSupportedException">Its settings have no equivalent; the message says which.</exception>
    public static string? Write(LayerScope scope) => Writers.TryGetValue(scope.Layer.GetType(), out var write) ? write(scope) : null;

    private static Func<LayerScope, string> Of<T>(Func<LayerScope, T, string> write)
        where T : Layer => scope => write(scope, (T)scope.Layer);

    /// <summary>A layer that is one node without settings, of all its inputs.</summary>
    private static Func<LayerScope, string> Node(string type) => scope => scope.Node(type, [.. scope.Inputs]);
}
