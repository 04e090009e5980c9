using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Tests.Files;

/// <summary>Layers that move elements, for random models.</summary>
internal static class RandomMovingLayer
{
    public static Layer Of(int kind, double fraction, int rank)
    {
        var flag = fraction > 0.5;
        return kind switch
        {
            0 => new View(flag ? [0, -1, 1] : [0, 0, -1]),
            1 => new Permute([0, .. Enumerable.Range(1, rank + 1).Reverse().Select(axis => flag ? axis : axis - rank - 2)]),
            2 => new Slice([1, -1], [0, -1], flag ? [int.MaxValue, int.MinValue] : [1, 5]) { Steps = flag ? [2, -1] : Sizes.Empty },
            3 => flag ? new Gather(-1, [0, -1, 0], [3]) : new Gather(1, [0, 0], [1, 2]),
            4 => new Gather(-1, [0], []),
            5 => new Expand(flag ? [1, 1] : Sizes.Repeat(1, rank + 2)),
            6 => new DepthToSpace(Sizes.Repeat(1, rank), flag ? BlockOrder.DepthColumnRow : BlockOrder.ColumnRowDepth),
            7 => new SpaceToDepth(Sizes.Repeat(1, rank), flag ? BlockOrder.DepthColumnRow : BlockOrder.ColumnRowDepth),
            8 => new PadAxes([0, 0, .. Sizes.Repeat(1, rank)], [0, 1, .. Sizes.Repeat(0, rank)]) { Mode = flag ? BorderMode.Replicate : BorderMode.Zero, Value = flag ? 0 : fraction },
            9 => new Resize(new()
            {
                Size = flag ? Sizes.Repeat(3, rank) : Sizes.Empty,
                Scales = flag ? Scales.Empty : [.. Enumerable.Repeat(1 + fraction, rank)],
                Mode = (ResizeMode)(int)(fraction * 3),
                Coordinates = (ResizeCoordinates)(int)(fraction * 25 % 5),
                Rounding = (ResizeRounding)(int)(fraction * 16 % 4),
                CubicCoefficient = flag ? -0.75 : -fraction,
                ExcludesOutside = fraction > 0.7,
                Antialias = fraction > 0.3,
            }),
            10 => new Flatten { Axis = flag ? -1 : 2 },
            _ => new Concatenate { Inputs = ["join", "input"], Axis = flag ? -1 : 2 },
        };
    }
}
