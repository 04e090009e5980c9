using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Tests.Files;

/// <summary>Layers that look through windows, for random models.</summary>
internal static class RandomWindowLayer
{
    public static Layer Of(int kind, double fraction, int rank)
    {
        var flag = fraction > 0.5;
        Sizes window = Sizes.Repeat(2, rank), stride = flag ? Sizes.Repeat(1, rank) : Sizes.Empty;
        return kind switch
        {
            0 => new MaxPool { Window = window, Stride = stride, CeilMode = flag, Padding = Padding.Explicit(Sizes.Repeat(0, rank), Sizes.Repeat(1, rank)) },
            1 => new AveragePool { Window = window, Stride = stride, CountIncludesPadding = flag, Padding = Padding.Same, Dilation = Sizes.Repeat(2, rank) },
            2 => new LpPool { Window = window, Stride = stride, CeilMode = flag, P = 1 + fraction },
            3 => new GlobalPool(),
            4 => new GlobalPool(PoolingKind.Lp) { P = 1 + fraction },
            5 => new GlobalPool(PoolingKind.Max),
            6 => new ChannelPool(flag ? 2 : 1),
            7 => new MaxPool { Name = "winners", Window = window },
            8 => flag ? new MaxUnpool("winners") : new MaxPositions("winners"),
            9 => new Upsample(window) { Mode = flag ? UpsamplingMode.Linear : UpsamplingMode.Nearest },
            10 => new Pad(stride.Count > 0 ? stride : window, window) { Mode = (BorderMode)(int)(fraction * 4) },
            _ => new Relu(),
        };
    }
}
