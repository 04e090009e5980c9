using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Every kind of layer against finite differences in double.</summary>
public class LayerGradientTests
{
    public static TheoryData<string> Cases { get; } = [.. All.Keys];

    private static Dictionary<string, (Sizes Input, Layer[] Layers)> All => new()
    {
        ["convolution"] = ([2, 5, 6], [new Convolution(new() { Kernel = [3, 2], Outputs = 4, Padding = Padding.Same, Stride = [2, 1] })]),
        ["convolution by table"] = ([6, 6, 5], [new Convolution(new() { Kernel = [3, 3], Outputs = 16, Channels = ChannelConnections.Table(ConnectionTable.LeNet5) })]),
        ["depthwise convolution"] = ([3, 6, 5], [new Convolution(new() { Kernel = [3, 3], Outputs = 6, Channels = ChannelConnections.Depthwise, Bias = BiasSharing.None })]),
        ["tiled convolution"] = ([2, 6, 5], [new Convolution(new() { Kernel = [2, 3], Outputs = 3, Sharing = Sharing.Tiled([2, 2]) })]),
        ["unshared convolution"] = ([2, 5, 5], [new Convolution(new() { Kernel = [3, 3], Outputs = 2, Sharing = Sharing.Unshared, Bias = BiasSharing.PerChannel })]),
        ["1-D convolution"] = ([2, 9], [new Convolution(new() { Kernel = [3], Outputs = 4, Dilation = [2] })]),
        ["3-D convolution"] = ([2, 4, 3, 4], [new Convolution(new() { Kernel = [2, 2, 2], Outputs = 3 })]),
        ["transposed convolution"] = ([3, 4, 3], [new TransposedConvolution(new() { Kernel = [3, 3], Outputs = 3, Stride = [2, 2], Padding = Padding.Same }, 2) { OriginalSize = [7, 6] }]),
        ["transposed convolution, output padding"] = ([4, 3, 3], [new TransposedConvolution(new() { Kernel = [3, 3], Outputs = 4, Stride = [3, 2], Channels = ChannelConnections.Groups(2) }, 6) { OutputPadding = [2, 1], Bias = false }]),
        ["transposed tiled convolution"] = ([2, 4, 4], [new TransposedConvolution(new() { Kernel = [2, 2], Outputs = 2, Sharing = Sharing.Tiled([2, 3]) }, 3)]),
        ["transposed unshared convolution by table"] = ([3, 4, 4], [new TransposedConvolution(new() { Kernel = [2, 2], Outputs = 3, Sharing = Sharing.Unshared, Channels = ChannelConnections.Table(ConnectionTable.Ring(4, 3, 2)) }, 4)]),
        ["transposed convolution that restores a layer's size"] = ([2, 7, 8],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 3, Stride = [2, 2], Padding = Padding.Same }),
            new TransposedConvolution(new() { Kernel = [3, 3], Outputs = 3, Stride = [2, 2], Padding = Padding.Same }, 2) { SizeOf = "input" },
        ]),
        ["dense"] = ([11], [new Dense(5)]),
        ["dense over positions"] = ([3, 7, 5], [new Dense(37) { Bias = false }]),
        ["dense, wide"] = ([300], [new Dense(19)]),
        ["max-pool"] = ([2, 6, 7], [new MaxPool { Window = [3, 2], Stride = [2, 2], Padding = Padding.Same }]),
        ["average-pool"] = ([2, 6, 7], [new AveragePool { Window = [3, 2], Stride = [2, 1], Padding = Padding.Symmetric([1, 1]) }]),
        ["lp-pool"] = ([2, 6, 7], [new LpPool { Window = [3, 2], P = 3 }]),
        ["global average pool"] = ([4, 5, 3], [new GlobalPool()]),
        ["global max pool"] = ([4, 5, 3], [new GlobalPool(PoolingKind.Max)]),
        ["channel-pool"] = ([6, 4, 3], [new ChannelPool(3)]),
        ["channel-pool without positions"] = ([12], [new ChannelPool(2)]),
        ["max-unpool"] = ([2, 6, 6],
        [
            new MaxPool { Name = "pool", Window = [2, 2] },
            new Convolution(new() { Kernel = [1, 1], Outputs = 2 }),
            new MaxUnpool("pool"),
        ]),
        ["upsample"] = ([2, 3, 4], [new Upsample([2, 3])]),
        ["upsample, linear"] = ([2, 3, 4], [new Upsample([2, 3]) { Mode = UpsamplingMode.Linear }]),
        ["pad"] = ([2, 3, 4], [new Pad([1, 0], [2, 3])]),
        ["pad, reflected"] = ([2, 3, 4], [new Pad([1, 2], [2, 3]) { Mode = BorderMode.Reflect }]),
        ["pad, replicated"] = ([2, 3, 4], [new Pad([1, 2], [2, 5]) { Mode = BorderMode.Replicate }]),
        ["pad, circular"] = ([2, 3, 4], [new Pad([1, 2], [3, 0]) { Mode = BorderMode.Circular }]),
        ["batch-normalisation"] = ([3, 4, 5], [new BatchNormalisation()]),
        ["batch-normalisation without positions"] = ([7], [new BatchNormalisation { Epsilon = 1e-3 }]),
        ["instance-normalisation"] = ([3, 4, 5], [new InstanceNormalisation()]),
        ["group-normalisation"] = ([6, 33, 32], [new GroupNormalisation(2)]),
        ["group-normalisation without positions"] = ([12], [new GroupNormalisation(3) { Epsilon = 1e-3 }]),
        ["layer-normalisation"] = ([3, 4, 7], [new LayerNormalisation()]),
        ["layer-normalisation over all axes, without shift"] = ([2, 33, 32], [new LayerNormalisation { Axis = 1, Shift = false }]),
        ["local-response-normalisation"] = ([7, 3, 4], [new LocalResponseNormalisation(4) { Alpha = 2, Bias = 0.7 }]),
        ["local-response-normalisation, other exponent"] = ([5, 17, 17], [new LocalResponseNormalisation(3) { Alpha = 3, Beta = 1.3 }]),
        ["local-response-normalisation without positions"] = ([5], [new LocalResponseNormalisation(9) { Alpha = 1 }]),
        ["dropout"] = ([3, 20], [new Dropout(0.4)]),
        ["tied transpose"] = ([2, 7, 8],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 3, Stride = [2, 3], Padding = Padding.Same }) { Name = "encoder" },
            new Tanh(),
            new TiedTranspose("encoder"),
        ]),
        ["tied transpose, tiled by table, twice"] = ([3, 6, 5],
        [
            new Convolution(new() { Kernel = [2, 2], Outputs = 4, Sharing = Sharing.Tiled([2, 2]), Channels = ChannelConnections.Table(ConnectionTable.Ring(3, 4, 2)) }) { Name = "encoder" },
            new TiedTranspose("encoder"),
            new Sigmoid(),
            new Convolution(new() { Kernel = [2, 2], Outputs = 4 }),
            new TiedTranspose("encoder") { Bias = false },
        ]),
        ["tied transpose of a layer that its input does not come from"] = ([2, 5],
        [
            new Convolution(new() { Kernel = [3], Outputs = 4, Sharing = Sharing.Unshared, Bias = BiasSharing.None }) { Name = "encoder" },
            new Convolution(new() { Kernel = [3], Outputs = 4 }) { Name = "beside", Inputs = ["input"] },
            new TiedTranspose("encoder") { Name = "decoded" },
            new TiedTranspose("encoder") { Name = "back", Inputs = ["encoder"], Bias = false },
            new Add { Inputs = ["decoded", "back"] },
        ]),
        ["tied transpose of dense"] = ([11], [new Dense(5) { Name = "encoder" }, new Tanh(), new TiedTranspose("encoder")]),
        ["tied transpose of dense over positions"] = ([2, 3, 4], [new Dense(5) { Name = "encoder" }, new TiedTranspose("encoder")]),
        ["gaussian noise"] = ([3, 20], [Noise.Gaussian(0.4)]),
        ["masking noise"] = ([3, 20], [Noise.Masking(0.4)]),
        ["salt-and-pepper noise"] = ([3, 20], [Noise.SaltAndPepper(0.4, -1, 2)]),
        ["l1 penalty"] = ([3, 7], [Sparsity.MeanMagnitude(0.7)]),
        ["kl penalty"] = ([3, 7], [new Sigmoid(), Sparsity.RelativeEntropy(0.7, 0.1)]),
        ["kl penalty without positions"] = ([7], [new Softmax(), Sparsity.RelativeEntropy(0.7, 0.1)]),
        ["gaussian sample"] = ([6, 5], [new GaussianSample { Weight = 0.3 }]),
        ["gaussian sample without positions"] = ([8], [new GaussianSample()]),
        ["relu"] = ([3, 7], [new Relu()]),
        ["leaky-relu"] = ([3, 7], [new LeakyRelu(0.2)]),
        ["elu"] = ([3, 7], [new Elu(1.3)]),
        ["prelu"] = ([3, 7, 5], [new PRelu()]),
        ["prelu, shared"] = ([3, 33, 32], [new PRelu { Shared = true }]),
        ["prelu without positions"] = ([9], [new PRelu()]),
        ["thresholded-relu"] = ([3, 7], [new ThresholdedRelu(0.3)]),
        ["selu"] = ([3, 7], [new Selu()]),
        ["celu"] = ([3, 7], [new Celu(0.6)]),
        ["clip"] = ([3, 7], [new Clip(-0.4, 0.6)]),
        ["hard-sigmoid"] = ([3, 7], [new HardSigmoid(0.9, 0.4)]),
        ["hard-swish"] = ([3, 7], [new HardSwish()]),
        ["softsign"] = ([3, 7], [new Softsign()]),
        ["mish"] = ([3, 7], [new Mish()]),
        ["gelu, exact"] = ([3, 7], [new Gelu(Exact: true)]),
        ["absolute"] = ([3, 7], [new Elementwise(ElementFunction.Absolute)]),
        ["negate"] = ([3, 7], [new Elementwise(ElementFunction.Negate)]),
        ["exponential"] = ([3, 7], [new Elementwise(ElementFunction.Exponential)]),
        ["logarithm"] = ([3, 7], [new Sigmoid(), new Elementwise(ElementFunction.Logarithm)]),
        ["square root"] = ([3, 7], [new Sigmoid(), new Elementwise(ElementFunction.SquareRoot)]),
        ["reciprocal"] = ([3, 7], [new Sigmoid(), new Elementwise(ElementFunction.Reciprocal)]),
        ["erf"] = ([3, 7], [new Elementwise(ElementFunction.Erf)]),
        ["sine"] = ([3, 7], [new Elementwise(ElementFunction.Sine)]),
        ["cosine"] = ([3, 7], [new Elementwise(ElementFunction.Cosine)]),
        ["sign"] = ([3, 7], [new Elementwise(ElementFunction.Sign)]),
        ["round"] = ([3, 7], [new Elementwise(ElementFunction.Round)]),
        ["soft-threshold"] = ([3, 7, 5], [new SoftThreshold { InitialValue = 0.3 }]),
        ["soft-threshold, not negative"] = ([2, 33, 32], [new SoftThreshold { NonNegative = true }]),
        ["soft-threshold without positions"] = ([9], [new SoftThreshold { InitialValue = 0 }]),
        ["sigmoid"] = ([3, 7], [new Sigmoid()]),
        ["tanh"] = ([3, 7], [new Tanh()]),
        ["softplus"] = ([3, 7], [new Softplus()]),
        ["gelu"] = ([3, 7], [new Gelu()]),
        ["silu"] = ([3, 7], [new Silu()]),
        ["softmax"] = ([9], [new Softmax()]),
        ["softmax over channels of positions"] = ([4, 19, 17], [new Softmax()]),
        ["softmax over the last axis"] = ([3, 4, 9], [new Softmax(-1)]),
        ["log-softmax"] = ([9], [new LogSoftmax()]),
        ["log-softmax over an axis between"] = ([4, 5, 300], [new LogSoftmax(2)]),
        ["log-softmax over examples"] = ([4, 3], [new LogSoftmax(0)]),
        ["flatten"] = ([3, 4, 2], [new Flatten(), new Dense(3)]),
        ["reshape"] = ([12], [new Reshape([3, 2, 2]), new Convolution(new() { Kernel = [2, 1], Outputs = 2 })]),
        ["add"] = ([3, 4], [new Tanh { Name = "a" }, new Add { Inputs = ["a", "input", "a"] }]),
        ["add to itself"] = ([3, 4], [new Tanh { Name = "a" }, new Add { Inputs = ["a", "a"] }]),
        ["multiply"] = ([3, 4], [new Tanh { Name = "a" }, new Sigmoid { Name = "b", Inputs = ["input"] }, new Multiply { Inputs = ["a", "b", "input"] }]),
        ["square"] = ([3, 4], [new Multiply { Inputs = ["input", "input"] }]),
        ["add, one for each channel"] = ([3, 4, 5], [new Constant([3, 1, 1]) { Name = "c", IsTrained = true }, new Add { Inputs = ["input", "c"] }]),
        ["add, broadcast both ways"] = ([1, 4, 5], [new Constant([3, 1, 1]) { Name = "c", IsTrained = true }, new Tanh { Name = "a", Inputs = ["input"] }, new Add { Inputs = ["c", "a", "input", "c"] }]),
        ["add of constants"] = ([2, 5], [new Constant([2, 1]) { Name = "c", IsTrained = true }, new Constant([5]) { Name = "d", IsTrained = true }, new Add { Name = "e", Inputs = ["c", "d"] }, new Add { Inputs = ["e", "input"] }]),
        ["subtract"] = ([3, 4], [new Tanh { Name = "a" }, new Subtract { Inputs = ["a", "input"] }]),
        ["subtract from a number"] = ([3, 4], [new Constant([]) { Name = "c", IsTrained = true }, new Subtract { Inputs = ["c", "input"] }]),
        ["subtract from itself"] = ([3, 4], [new Tanh { Name = "a" }, new Sigmoid { Name = "b" }, new Subtract { Name = "c", Inputs = ["b", "a"] }, new Subtract { Inputs = ["c", "c"] }]),
        ["multiply, a gate for each channel"] = ([3, 4, 5], [new Tanh { Name = "a" }, new Reduce(ReduceFunction.Mean, [2, 3]) { Name = "mean" }, new Multiply { Inputs = ["a", "mean"] }]),
        ["multiply, short rows"] = ([4, 5, 3], [new Constant([3]) { Name = "c", IsTrained = true }, new Constant([4, 1, 3]) { Name = "d", IsTrained = true }, new Multiply { Inputs = ["input", "c", "d"] }]),
        ["multiply, long rows"] = ([2, 700], [new Constant([2, 1]) { Name = "c", IsTrained = true }, new Constant([700]) { Name = "d", IsTrained = true }, new Multiply { Inputs = ["c", "d", "input"] }]),
        ["divide"] = ([3, 4], [new Constant([4]) { Name = "c" }, new Sigmoid { Name = "a", Inputs = ["input"] }, new Add { Name = "b", Inputs = ["a", "c"] }, new Divide { Inputs = ["input", "b"] }]),
        ["divide, broadcast"] = ([3, 1], [new Softplus { Name = "a" }, new Constant([3, 7]) { Name = "c", IsTrained = true }, new Divide { Inputs = ["c", "a"] }]),
        ["power"] = ([3, 4], [new Softplus { Name = "a" }, new Power { Inputs = ["a", "input"] }]),
        ["power, square"] = ([3, 4], [new Constant([]) { Name = "c", InitialValue = 2 }, new Power { Inputs = ["input", "c"] }]),
        ["power of a number"] = ([3, 4], [new Constant([1]) { Name = "c" }, new Power { Inputs = ["c", "input"] }]),
        ["minimum"] = ([3, 4], [new Tanh { Name = "a" }, new Constant([3, 1]) { Name = "c", IsTrained = true }, new Minimum { Inputs = ["a", "c", "input"] }]),
        ["maximum"] = ([3, 4], [new Constant([4]) { Name = "c", IsTrained = true }, new Sigmoid { Name = "a", Inputs = ["input"] }, new Maximum { Inputs = ["input", "c", "a"] }]),
        ["matrix-product by a constant"] = ([5, 7], [new Constant([7, 3]) { Name = "c", IsTrained = true }, new MatrixProduct { Inputs = ["input", "c"] }]),
        ["matrix-product of a constant"] = ([5, 7], [new Constant([4, 5]) { Name = "c", IsTrained = true }, new MatrixProduct { Inputs = ["c", "input"] }]),
        ["matrix-product of two"] = ([2, 4, 4], [new Tanh { Name = "a" }, new MatrixProduct { Inputs = ["a", "input"] }]),
        ["matrix-product with itself"] = ([4, 4], [new MatrixProduct { Inputs = ["input", "input"] }]),
        ["matrix-product, stacks repeated"] = ([3, 4, 5], [new Constant([3, 5, 2]) { Name = "c", IsTrained = true }, new Constant([1, 6, 4]) { Name = "d", IsTrained = true }, new MatrixProduct { Name = "a", Inputs = ["input", "c"] }, new MatrixProduct { Inputs = ["d", "a"] }]),
        ["reduce, sum"] = ([3, 4, 5], [new Reduce(ReduceFunction.Sum, [1])]),
        ["reduce, mean"] = ([3, 4, 5], [new Reduce(ReduceFunction.Mean, [-1, 1]) { KeepSizes = false }]),
        ["reduce, maximum"] = ([3, 4, 5], [new Reduce(ReduceFunction.Maximum, [2])]),
        ["reduce, maximum of rows"] = ([3, 4, 5], [new Reduce(ReduceFunction.Maximum, [1, 3])]),
        ["reduce, minimum"] = ([3, 4, 5], [new Reduce(ReduceFunction.Minimum, [2, 3]) { KeepSizes = false }]),
        ["reduce, product"] = ([3, 4, 5], [new Reduce(ReduceFunction.Product, [1, 3])]),
        ["reduce, product of one axis"] = ([3, 4, 5], [new Reduce(ReduceFunction.Product, [2]) { KeepSizes = false }]),
        ["reduce, l2"] = ([3, 4, 5], [new Reduce(ReduceFunction.L2, [1, 2])]),
        ["arg-max beside"] = ([3, 4], [new Tanh { Name = "a" }, new ArgMax(1) { Name = "b" }, new Add { Inputs = ["a", "b"] }]),
        ["constant"] = ([3, 4], [new Constant([3, 4]) { Name = "c", IsTrained = true }, new Relu { Name = "a" }, new Reshape([4]) { Name = "b" }, new Constant([1, 4]) { Name = "d" }, new Multiply { Name = "e", Inputs = ["b", "d"] }, new Multiply { Inputs = ["input", "e"] }]),
        ["concatenate"] = ([2, 3, 3],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 3, Padding = Padding.Same }) { Name = "a" },
            new Concatenate { Inputs = ["a", "input", "a"] },
            new Tanh(),
        ]),
        ["concatenate along positions"] = ([2, 3, 3],
        [
            new MaxPool { Name = "a", Window = [1, 2], Stride = [1, 1] },
            new Concatenate { Inputs = ["a", "input", "a"], Axis = -1 },
            new Tanh(),
        ]),
        ["concatenate along the batch"] = ([5],
        [
            new Sigmoid { Name = "a" },
            new Concatenate { Inputs = ["input", "a", "input"], Axis = 0 },
            new View([3, -1, 5]),
            new Gather(0, [0, 2, 2, 1], [4]),
            new Permute([1, 0, 2]),
            new PadAxes([0, 0, 0], [0, 1, -1]),
        ]),
        ["permute"] = ([3, 4, 5], [new Permute([0, 2, 3, 1]), new Tanh()]),
        ["permute twice, the batch too"] = ([3, 4, 5], [new Permute([2, 1, 0, -1]), new Softplus(), new Permute([2, 1, 0, 3])]),
        ["view of the batch"] = ([4, 6], [new View([-1, 2, 6]), new Convolution(new() { Kernel = [3], Outputs = 2 }), new View([-1, 4, 4])]),
        ["slice"] = ([3, 8, 9], [new Slice([1, -1], [1, 2], [100, -1]) { Steps = [1, 3] }]),
        ["slice backwards"] = ([3, 8, 9], [new Slice([3, 2], [-1, 5], [int.MinValue, 1]) { Steps = [-1, -2] }]),
        ["gather"] = ([5, 4, 3], [new Gather(-1, [2, 2, 0, -1, 1, 2], [2, 3])]),
        ["gather of one"] = ([5, 4, 3], [new Gather(2, [1], [])]),
        ["expand"] = ([3, 1, 1], [new Expand([1, 3, 4, 2])]),
        ["expand to more axes"] = ([3, 1], [new Permute([1, 0, 2]), new Expand([2, 1, 1, 1, 4]), new Permute([3, 0, 1, 2, 4])]),
        ["depth to space"] = ([12, 3, 4], [new DepthToSpace([2, 3]), new Tanh()]),
        ["depth to space, channels first"] = ([12, 3, 2, 4], [new DepthToSpace([2, 3, 1], BlockOrder.ColumnRowDepth)]),
        ["space to depth"] = ([2, 4, 6], [new SpaceToDepth([2, 3])]),
        ["pad axes"] = ([3, 4, 5], [new PadAxes([0, 1, -1, 2], [0, 0, 2, -1]) { Value = 0.5 }]),
        ["pad axes, reflected"] = ([3, 4, 5], [new PadAxes([0, 2, -1, 3], [0, 1, 2, 0]) { Mode = BorderMode.Reflect }]),
        ["flatten from another axis"] = ([3, 4, 2], [new Flatten { Axis = -2 }, new Tanh(), new View([-1, 24])]),
        ["resize, nearest"] = ([2, 3, 4], [new Resize(new() { Size = [5, 2] })]),
        ["resize, linear"] = ([2, 3, 4], [new Resize(new() { Scales = [1.7, 0.6], Mode = ResizeMode.Linear })]),
        ["resize, cubic over three axes"] = ([1, 3, 4, 2], [new Resize(new() { Size = [5, 3, 2], Mode = ResizeMode.Cubic, ExcludesOutside = true })]),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_agree_with_differences(string name)
    {
        var (input, layers) = All[name];
        var network = new NetworkDescription(name, input, layers);
        NetworkGradients.Check(network, batch: 3, seed: 7);
        // Behind another layer the gradient meets other memory, and a second user makes it accumulate.
        NetworkGradients.Check(Between(name, input, layers), batch: 5, seed: 8);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Passes_allocate_nothing_after_the_first(string name)
    {
        var (input, layers) = All[name];
        var network = new NetworkDescription(name, input, layers);
        var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 3, new() { Training = true, InputGradient = true, Threads = 1 });
        var values = NetworkGradients.Random<float>(execution.InputShape, 1, 1);
        var gradient = NetworkGradients.Random<float>(execution.OutputShape, 1, 2);
        Train();
        Train();
        Assert.Equal(0, Allocations.Least(Train));

        void Train()
        {
            execution.Forward(values);
            execution.Backward(gradient);
        }
    }

    /// <summary>The layers on top of tanh, whose output is also used by a second branch.</summary>
    private static NetworkDescription Between(string name, Sizes input, Layer[] layers)
    {
        var renamed = layers.Select(layer => layer with
        {
            Inputs = [.. layer.Inputs.Select(source => source == "input" ? "first" : source)],
        }).ToArray();
        renamed[0] = renamed[0].Inputs.Count == 0 && renamed[0].InputCount != 0 ? renamed[0] with { Inputs = ["first"] } : renamed[0];
        renamed[^1] = renamed[^1] with { Name = "last" };
        return new NetworkDescription(name, input,
        [
            new Tanh { Name = "first", Inputs = ["input"] },
            .. renamed,
            new Dense(4) { Name = "one", Inputs = ["last"] },
            new Dense(4) { Name = "other", Inputs = ["first"] },
            new Sigmoid { Name = "gate" },
            new Multiply { Inputs = ["one", "gate"] },
        ]);
    }
}
