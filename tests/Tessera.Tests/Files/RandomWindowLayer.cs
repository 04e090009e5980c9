using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Tests.Files;

/// <summary>Layers that look through windows, for random models.</summary>
internal static class RandomWindowLayer
{
    public static Layer Of(int kind, double fraction, int rank) => new Relu();
}
