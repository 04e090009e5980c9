using CsCheck;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Files;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

/// <summary>Random networks of random layers.</summary>
public class RandomNetworkTests
{
    [Fact]
    public void Any_network_passes_the_gradient_check() => RandomModel.Any.Sample(
        model =>
        {
            var network = Plain(model.Network);
            var report = GradientCheck.Run(network, new MeanSquaredError(), threads: 1, cancellation: TestContext.Current.CancellationToken);
            Assert.True(report.Passed, $"{network}\n{report}");
        },
        iter: 8,
        threads: 1);

    /// <summary>Without initialisers of its own, some of which do not suit every layer.</summary>
    private static NetworkDescription Plain(NetworkDescription network) => new(
        network.Name,
        network.InputShape,
        [.. network.Layers.Select(layer => layer switch
        {
            Convolution convolution => convolution with { Initialiser = null },
            TransposedConvolution transposed => transposed with { Initialiser = null },
            Dense dense => dense with { Initialiser = null },
            _ => layer,
        })]);
}
