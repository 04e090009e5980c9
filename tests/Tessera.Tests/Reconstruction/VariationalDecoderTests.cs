using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Reconstruction;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public sealed class VariationalDecoderTests
{
    /// <summary>A decoder with a branch, a size that it takes from the network's input, and one from a layer of its own.</summary>
    private static readonly NetworkDescription Branching = new("vae", [1, 9, 7],
    [
        new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 6, Stride = [2, 2], Padding = Padding.Same }) { Name = "conv" },
        new Tanh(),
        new Convolution(new ConvolutionDescription { Kernel = [1, 1], Outputs = 4 }) { Name = "moments" },
        new GaussianSample { Name = "code" },
        new Convolution(new ConvolutionDescription { Kernel = [1, 1], Outputs = 3 }) { Name = "left" },
        new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 3, Padding = Padding.Same }) { Name = "right", Inputs = ["code"] },
        new Add { Inputs = ["left", "right"] },
        new TransposedConvolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 3, Stride = [2, 2], Padding = Padding.Same }, 2) { Name = "up", SizeOf = "input" },
        new Tanh(),
        new TransposedConvolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 2, Padding = Padding.Same }, 1) { Name = "last", SizeOf = "up" },
    ]);

    [Fact]
    public void The_code_of_an_example_decodes_to_its_reconstruction()
    {
        var parameters = NetworkParameters<double>.Create(Branching, 3);
        var whole = new Autoencoder<double>(Branching, parameters, 2);
        Assert.Equal("code", whole.CodeLayer);
        var decoder = new VariationalDecoder<double>(Branching, parameters, 2);
        Assert.Equal((whole.CodeShape, whole.SampleShape), (decoder.CodeShape, decoder.SampleShape));
        double[] samples = new double[2 * 63], codes = new double[2 * whole.CodeShape.Product], made = new double[samples.Length], decoded = new double[samples.Length];
        for (var i = 0; i < samples.Length; i++) samples[i] = Math.Sin(i * i);
        whole.Reconstruct(samples, codes, made);
        decoder.Decode(codes, decoded);
        for (var i = 0; i < made.Length; i++) Assert.Equal(made[i], decoded[i], 1e-12);
        Assert.Contains(made, value => Math.Abs(value) > 0.01);
    }

    [Fact]
    public void Draws_follow_from_seed_and_number_and_are_standard_normal()
    {
        // The decoder gives back what it is given.
        var network = new NetworkDescription("identity", [6], [new Dense(12), new GaussianSample(), new Dense(6) { Name = "same" }]);
        var parameters = NetworkParameters<double>.Create(network, 1);
        parameters["same.kernel"].Span.Clear();
        for (var i = 0; i < 6; i++) parameters["same.kernel"].Span[i * 7] = 1;
        var (many, few) = (new VariationalDecoder<double>(network, parameters, 2000), new VariationalDecoder<double>(network, parameters, 5));
        double[] all = new double[12_000], some = new double[30];
        many.Sample(all, 7);
        few.Sample(some, 7, 400);
        Assert.Equal(all[2400..2430], some);
        Assert.InRange(all.Average(), -0.03, 0.03);
        Assert.InRange(all.Average(value => value * value), 0.95, 1.05);
        few.Sample(some, 8, 400);
        Assert.NotEqual(all[2400], some[0]);
    }

    [Fact]
    public void What_has_no_decoder_of_its_own_is_refused()
    {
        Refused("plain: it has 0 gaussian-sample layers; samples are decoded from the code of exactly one.", new NetworkDescription("plain", [4], [new Dense(4)]));
        Refused("end: nothing follows code; a decoder has at least one layer.", new NetworkDescription("end", [4], [new Dense(8), new GaussianSample { Name = "code" }]));
        Refused(
            "tied: tied1 takes fan, which stands before the code, so that a code alone decodes to nothing; give the decoder layers of its own.",
            new NetworkDescription("tied", [4], [new Dense(8) { Name = "fan" }, new GaussianSample(), new Dense(8), new TiedTranspose("fan")]));
        Refused("skip: add1 takes early, which stands before the code", new NetworkDescription("skip", [4], [new Tanh { Name = "early" }, new Dense(8), new GaussianSample(), new Add { Inputs = ["sample1", "early"] }]));

        static void Refused(string said, NetworkDescription network)
        {
            Assert.False(VariationalDecoder<float>.Exists(network));
            Assert.StartsWith(said, Assert.Throws<ArgumentException>(() => new VariationalDecoder<float>(network, NetworkParameters<float>.Create(network, 1), 1)).Message, StringComparison.Ordinal);
        }
    }
}
