using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Bench;

/// <summary>Well-known networks for images of 3 × 224 × 224 and 1000 classes, as their papers have them, without the softmax at the end.</summary>
internal static class InferenceNetworks
{
    private const int Classes = 1000;

    private static readonly Sizes Image = [3, 224, 224];

    /// <summary>VGG of 19 layers (Simonyan and Zisserman 2015): 3×3 convolutions and three large dense layers.</summary>
    public static NetworkDescription Vgg19()
    {
        var layers = new List<Layer>();
        foreach (var (channels, count) in ((int, int)[])[(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)])
        {
            for (var i = 0; i < count; i++) layers.AddRange([Square(channels, 3), new Relu()]);
            layers.Add(new MaxPool { Window = [2, 2] });
        }

        layers.AddRange([new Flatten(), new Dense(4096), new Relu(), new Dropout(0.5), new Dense(4096), new Relu(), new Dropout(0.5), new Dense(Classes)]);
        return new NetworkDescription("vgg19", Image, layers);
    }

    /// <summary>ResNet of 50 layers (He et al. 2016), with the stride in the 3×3 convolutions.</summary>
    public static NetworkDescription ResNet50()
    {
        var layers = new List<Layer>
        {
            Square(64, 7, stride: 2, bias: false), new BatchNormalisation(), new Relu(),
            new MaxPool { Window = [3, 3], Stride = [2, 2], Padding = Padding.Symmetric([1, 1]), Name = "stem" },
        };
        var last = "stem";
        foreach (var (channels, count, stage) in ((int, int, int)[])[(64, 3, 2), (128, 4, 3), (256, 6, 4), (512, 3, 5)])
        {
            for (var block = 0; block < count; block++)
            {
                var (name, stride) = ($"block{stage}-{block + 1}", block == 0 && stage > 2 ? 2 : 1);
                layers.AddRange(
                [
                    Square(channels, 1, bias: false) with { Inputs = [last] }, new BatchNormalisation(), new Relu(),
                    Square(channels, 3, stride, bias: false), new BatchNormalisation(), new Relu(),
                    Square(4 * channels, 1, bias: false), new BatchNormalisation { Name = $"{name}-norm" },
                ]);
                if (block == 0)
                {
                    layers.AddRange([Square(4 * channels, 1, stride, bias: false) with { Inputs = [last] }, new BatchNormalisation { Name = $"{name}-short" }]);
                    last = $"{name}-short";
                }

                layers.AddRange([new Add { Inputs = [$"{name}-norm", last] }, new Relu { Name = name }]);
                last = name;
            }
        }

        layers.AddRange([new GlobalPool(), new Flatten(), new Dense(Classes)]);
        return new NetworkDescription("resnet50", Image, layers);
    }

    /// <summary>SqueezeNet 1.1 (Iandola et al. 2016): fire modules of 1×1 convolutions that squeeze, and 1×1 and 3×3 ones side by side that expand.</summary>
    public static NetworkDescription SqueezeNet()
    {
        var layers = new List<Layer> { new Convolution(new() { Kernel = [3, 3], Outputs = 64, Stride = [2, 2] }), new Relu(), Pool() };
        Fire(2, 16, 64);
        Fire(3, 16, 64);
        layers.Add(Pool());
        Fire(4, 32, 128);
        Fire(5, 32, 128);
        layers.Add(Pool());
        Fire(6, 48, 192);
        Fire(7, 48, 192);
        Fire(8, 64, 256);
        Fire(9, 64, 256);
        layers.AddRange([new Dropout(0.5), Square(Classes, 1), new Relu(), new GlobalPool(), new Flatten()]);
        return new NetworkDescription("squeezenet", Image, layers);

        static MaxPool Pool() => new() { Window = [3, 3], Stride = [2, 2], CeilMode = true };

        void Fire(int number, int squeeze, int expand)
        {
            var name = $"fire{number}";
            layers.AddRange(
            [
                Square(squeeze, 1), new Relu { Name = $"{name}-squeeze" },
                Square(expand, 1), new Relu { Name = $"{name}-one" },
                Square(expand, 3) with { Inputs = [$"{name}-squeeze"] }, new Relu { Name = $"{name}-three" },
                new Concatenate { Inputs = [$"{name}-one", $"{name}-three"] },
            ]);
        }
    }

    /// <summary>MobileNet v1 (Howard et al. 2017): depthwise 3×3 and 1×1 convolutions by turns.</summary>
    public static NetworkDescription MobileNet()
    {
        var layers = new List<Layer>();
        Normalised(Square(32, 3, stride: 2, bias: false));
        var channels = 32;
        foreach (var (outputs, stride) in ((int, int)[])[(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)])
        {
            Normalised(new Convolution(Square(channels, 3, stride, bias: false).Operator with { Channels = ChannelConnections.Depthwise }));
            Normalised(Square(outputs, 1, bias: false));
            channels = outputs;
        }

        layers.AddRange([new GlobalPool(), new Flatten(), new Dense(Classes)]);
        return new NetworkDescription("mobilenet", Image, layers);

        void Normalised(Convolution convolution) => layers.AddRange([convolution, new BatchNormalisation(), new Relu()]);
    }

    private static Convolution Square(int outputs, int kernel, int stride = 1, bool bias = true) => new(new ConvolutionDescription
    {
        Kernel = [kernel, kernel],
        Outputs = outputs,
        Stride = [stride, stride],
        Padding = Padding.Symmetric([kernel / 2, kernel / 2]),
        Bias = bias ? BiasSharing.LikeKernel : BiasSharing.None,
    });
}
