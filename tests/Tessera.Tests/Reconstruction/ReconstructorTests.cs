using Tessera.Connections;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Reconstruction;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public sealed class ReconstructorTests
{
    public static TheoryData<string> Models =>
    [
        """{ "input": [1, 8, 8], "beliefNet": [{ "kernel": [3, 3], "outputs": 4, "pooling": [2, 2] }, { "kernel": [2, 2], "outputs": 3, "sharing": "unshared" }] }""",
        """{ "input": [1, 8, 8], "beliefNet": [{ "kernel": [3, 3], "outputs": 4, "stride": 2, "visible": "gaussian", "hidden": "rectified" }] }""",
        """{ "input": [1, 8, 8], "sparseCoding": { "kernel": [3, 3], "outputs": 5, "padding": "full", "sharing": { "tile": [2, 2] }, "sparsity": 0.2, "iterations": 8 } }""",
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void One_inference_gives_the_codes_and_the_reconstructions_that_two_give(string json) => Agrees(ReconstructionJson.Parse(json).Create<double>(3), ReconstructionJson.Parse(json).Create<double>(3));

    [Fact]
    public void So_it_does_of_a_network_that_unpools()
    {
        var network = new NetworkDescription("auto", [1, 8, 8],
        [
            new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Padding = Padding.Same }),
            new MaxPool { Name = "pool", Window = [2, 2] },
            new Tanh { Name = "code" },
            new MaxUnpool("pool"),
            new TiedTranspose("conv1"),
        ]);
        var parameters = NetworkParameters<double>.Create(network, 5);
        Agrees(new Autoencoder<double>(network, parameters, 3), new Autoencoder<double>(network, parameters, 3));
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused_before_anything_is_written()
    {
        foreach (var json in Models.Select(row => row.Data))
        {
            var model = ReconstructionJson.Parse(json).Create<float>(2);
            var (samples, codes, made) = (new float[128], new float[2 * model.CodeShape.Product], new float[128]);
            samples.AsSpan().Fill(1);
            Assert.Throws<ArgumentException>(() => model.Reconstruct(samples, codes, made.AsSpan(1)));
            Assert.Throws<ArgumentException>(() => model.Reconstruct(samples, codes.AsSpan(1), made));
            Assert.All(codes, code => Assert.Equal(0, code));
            Assert.All(made, pixel => Assert.Equal(0, pixel));
        }
    }

    private static void Agrees(IReconstructor<double> once, IReconstructor<double> twice)
    {
        var samples = new double[3 * 64];
        for (var i = 0; i < samples.Length; i++) samples[i] = 0.5 + (0.5 * Math.Sin(i * i));
        double[] codes = new double[3 * once.CodeShape.Product], made = new double[samples.Length];
        double[] oldCodes = new double[codes.Length], oldMade = new double[samples.Length];
        twice.Encode(samples, oldCodes);
        twice.Reconstruct(samples, oldMade);
        once.Reconstruct(samples, codes, made);
        Assert.Equal(oldCodes, codes);
        Assert.Equal(oldMade, made);
        Assert.Contains(codes, value => value != 0);
        Assert.Contains(made, value => value != 0);
    }
}
