using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Networks;

public class ReceptiveFieldsTests
{
    private static readonly Gen<(int Kernel, int Stride, int Dilation, int Rule, int Kind)> AnyLayer =
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[1, 2], Gen.Int[0, 4], Gen.Int[0, 10]);

    [Fact]
    public void Receptive_fields_are_where_gradients_arrive() =>
        Gen.Select(Gen.Int[6, 24], AnyLayer.Array[1, 4], Gen.Int[0, 1000]).Sample(
            (size, layers, seed) =>
            {
                if (Network(size, layers) is not { } network) return;
                var fields = ReceptiveFields.Of(network);
                var parameters = NetworkParameters<double>.Create(network, seed);
                var execution = new NetworkExecution<double>(network, parameters, 1, new ExecutionOptions { Training = true, InputGradient = true, Threads = 1 });
                var input = new double[size];
                for (var i = 0; i < size; i++) input[i] = i + 1;
                var outputs = network.OutputShape(1)[2];
                for (var position = 0; position < outputs; position++)
                {
                    execution.Forward(Tensor.Create(input, [1, 1, size]));
                    var gradient = new double[outputs];
                    gradient[position] = 1;
                    execution.Backward(Tensor.Create(gradient, [1, 1, outputs]));
                    var arrived = new double[size];
                    execution.InputGradient.FlattenTo(arrived);
                    var seen = fields[^1][0].InputsOf(position).SelectMany(stretch => Enumerable.Range(stretch.First, stretch.End - stretch.First));
                    Assert.Equal(Enumerable.Range(0, size).Where(x => arrived[x] != 0), seen);
                }
            },
            iter: 300,
            threads: 1);

    [Fact]
    public void Lenet_sees_the_whole_digit_at_its_fifth_layer()
    {
        var network = new NetworkDescription(
            "lenet",
            [1, 32, 32],
            [
                new Convolution(new() { Kernel = [5, 5], Outputs = 6 }),
                new AveragePool { Window = [2, 2] },
                new Convolution(new() { Kernel = [5, 5], Outputs = 16, Channels = ChannelConnections.Table(ConnectionTable.LeNet5) }),
                new AveragePool { Window = [2, 2] },
                new Convolution(new() { Kernel = [5, 5], Outputs = 120 }),
                new Dense(10),
            ]);
        Assert.Equal([5, 6, 14, 16, 32, 32], ReceptiveFields.Of(network).Select(field => field[1].Longest));
        Assert.Equal([1.0, 2, 2, 4, 0, 0], ReceptiveFields.Of(network).Select(field => field[0].Step));
    }

    private static NetworkDescription? Network(int size, (int Kernel, int Stride, int Dilation, int Rule, int Kind)[] chain)
    {
        var layers = chain.SelectMany((made, number) =>
        {
            var name = $"layer{number}";
            Padding padding = made.Rule switch
            {
                0 => Padding.Same,
                1 => Padding.Full,
                2 => Padding.Explicit([1], [2]),
                _ => Padding.Valid,
            };
            var description = new ConvolutionDescription { Kernel = [made.Kernel], Outputs = 1, Stride = [made.Stride], Dilation = [made.Dilation], Padding = padding };
            Layer layer = made.Kind switch
            {
                0 => new AveragePool { Name = name, Window = [made.Kernel], Stride = [made.Stride] },
                1 => new TransposedConvolution(description, 1) { Name = name },
                5 => new Upsample([made.Kernel]) { Name = name, Mode = (UpsamplingMode)(made.Stride % 2) },
                6 => new Pad([made.Kernel - 1], [made.Stride - 1]) { Name = name, Mode = (BorderMode)(made.Rule % 4) },
                // A cubic has zeros between its weights, which a field without gaps does not tell.
                7 => new Resize(new() { Size = [made.Kernel * made.Stride], Mode = (ResizeMode)(made.Rule % 2), Antialias = made.Dilation == 2 }) { Name = name },
                8 => new Slice([-1], [made.Kernel - 1], [int.MaxValue]) { Name = name, Steps = [made.Stride] },
                9 => new PadAxes([0, 0, made.Kernel - 2], [0, 0, made.Stride - 2]) { Name = name, Mode = (BorderMode)(made.Rule % 4) },
                10 => new Gather(2, [made.Kernel, -1, 0, made.Kernel], [4]) { Name = name },
                _ => new Convolution(description) { Name = name },
            };
            // A branch that is added again: its field and the layer's own are joined.
            return made.Kind == 4 && made.Stride == 1
                ? [layer, new Convolution(new() { Kernel = [3], Outputs = 1, Padding = Padding.Same }) { Name = name + "b" }, new Add { Name = name + "c", Inputs = [name, name + "b"] }]
                : (Layer[])[layer];
        });
        try
        {
            return new NetworkDescription("chain", [1, size], [.. layers]);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
