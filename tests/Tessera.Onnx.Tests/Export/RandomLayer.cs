using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Tests.Files;

namespace Tessera.Onnx.Tests.Export;

/// <summary>Layers that move, fold and bend, with random settings for an input of this shape; not all of them fit it.</summary>
internal static class RandomLayer
{
    /// <summary>The kinds of <see cref="Of"/>.</summary>
    public static string[] Kinds { get; } =
        ["reduce", "arg-max", "permute", "view", "slice", "gather", "expand", "depth-to-space", "space-to-depth", "pad-axes", "resize", "concatenate", "flatten", "softmax", "normalisation"];

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="dice">What is random.</param>
    /// <param name="input">The full shape.</param>
    public static Layer Of(string kind, ref RandomSource dice, Sizes input)
    {
        var rank = input.Count;
        var axis = dice.NextInt(rank) - (dice.NextInt(2) * rank);
        var fraction = dice.NextInt(100) / 100.0;
        switch (kind)
        {
            case "reduce":
                int first = 1 + dice.NextInt(rank - 1), second = -1 - dice.NextInt(rank - 1);
                return new Reduce((ReduceFunction)dice.NextInt(6), second + rank == first ? [first] : [first, second]) { KeepSizes = dice.NextInt(2) == 0 };
            case "arg-max": return new ArgMax(axis) { KeepSize = dice.NextInt(2) == 0, LastIndex = dice.NextInt(2) == 0 };
            case "permute":
                int[] order = [.. Enumerable.Range(0, rank)];
                dice.Shuffle(order.AsSpan(dice.NextInt(2)));
                return new Permute([.. order.Select(place => fraction < 0.3 ? place - rank : place)]);
            case "view":
                return dice.NextInt(4) switch
                {
                    0 => new View([0, -1]),
                    1 => new View([-1, input[^1]]),
                    2 => new View([.. Enumerable.Repeat(0, rank - 1), 1, -1]),
                    _ => new View([-1, 1, .. input.From(1).AsSpan()]),
                };
            case "slice":
                var step = dice.NextInt(5) - 2;
                return dice.NextInt(2) == 0
                    ? new Slice([axis], step < 0 ? [-1] : [dice.NextInt(2)], step < 0 ? [int.MinValue] : [int.MaxValue]) { Steps = [step] }
                    : new Slice([-1, 1], [dice.NextInt(2), -3], [dice.NextInt(2) == 0 ? int.MaxValue : -1, 3]);
            case "gather":
                return dice.NextInt(3) switch
                {
                    0 => new Gather(axis, [-1], []),
                    1 => new Gather(axis, [0, -1, 0, 0], [2, 2]),
                    _ => new Gather(axis, [dice.NextInt(3), 0, -dice.NextInt(3)], [3]),
                };
            case "expand":
                Sizes wanted = [.. input.From(1).Select(size => size == 1 ? 3 : 1)];
                return new Expand(dice.NextInt(3) == 0 ? [2, 1, .. wanted.AsSpan()] : wanted);
            case "depth-to-space": return new DepthToSpace(Block(ref dice, rank - 2), (BlockOrder)dice.NextInt(2));
            case "space-to-depth": return new SpaceToDepth(Block(ref dice, rank - 2), (BlockOrder)dice.NextInt(2));
            case "pad-axes":
                var mode = (BorderMode)dice.NextInt(4);
                int[] low = new int[rank], high = new int[rank];
                for (var a = mode == BorderMode.Zero ? 0 : 1; a < rank; a++) (low[a], high[a]) = (dice.NextInt(5) - 2, dice.NextInt(4) - 1);
                return new PadAxes(Sizes.Create(low), Sizes.Create(high)) { Mode = mode, Value = mode == BorderMode.Zero ? fraction - 0.5 : 0 };
            case "resize": return new Resize(Resizing(ref dice, input));
            case "concatenate": return new Concatenate { Axis = axis };
            case "flatten": return new Flatten { Axis = dice.NextInt(3) == 0 ? rank : axis };
            case "softmax": return dice.NextInt(2) == 0 ? new Softmax(axis) : new LogSoftmax(axis);
            default:
                return dice.NextInt(4) switch
                {
                    0 => new InstanceNormalisation { Epsilon = 0.01 + fraction },
                    1 => new GroupNormalisation(1 + dice.NextInt(Math.Min(4, input[1]))) { Epsilon = 0.01 + fraction },
                    2 => new LayerNormalisation { Axis = axis, Shift = dice.NextInt(2) == 0, Epsilon = 0.01 + fraction },
                    _ => new LocalResponseNormalisation(1 + dice.NextInt(5)) { Alpha = fraction, Beta = 1.5 - (2 * fraction), Bias = 0.5 + fraction },
                };
        }
    }

    /// <summary>Functions of one element that are steady, so that rounding before them stays rounding.</summary>
    public static Layer Bend(ref RandomSource dice)
    {
        Layer[] all = [.. RandomBend.All(dice.NextInt(100) / 100.0).Where(static layer => layer is not (ThresholdedRelu or Softmax or LogSoftmax) && layer is not Elementwise
        {
            Function: ElementFunction.Logarithm or ElementFunction.SquareRoot or ElementFunction.Reciprocal or ElementFunction.Exponential
                or ElementFunction.Floor or ElementFunction.Ceiling or ElementFunction.Round or ElementFunction.Truncate or ElementFunction.Sign,
        })];
        return all[dice.NextInt(all.Length)];
    }

    private static Sizes Block(ref RandomSource dice, int axes)
    {
        var block = new int[Math.Max(0, axes)];
        var isSquare = dice.NextInt(2) == 0;
        for (var a = 0; a < block.Length; a++) block[a] = isSquare ? 2 : 1 + dice.NextInt(2);
        return Sizes.Create(block);
    }

    private static Resizing Resizing(ref RandomSource dice, Sizes input)
    {
        Sizes size = input.From(2);
        var (sizes, scales) = (new int[size.Count], new double[size.Count]);
        for (var a = 0; a < sizes.Length; a++)
        {
            sizes[a] = dice.NextInt(3) == 0 ? 2 * size[a] : 1 + dice.NextInt(9);
            scales[a] = dice.NextInt(3) == 0 ? 1 + dice.NextInt(3) : (1 + dice.NextInt(40)) / 16.0;
        }

        var bySize = dice.NextInt(2) == 0;
        return new Resizing
        {
            Size = bySize ? Sizes.Create(sizes) : Sizes.Empty,
            Scales = bySize ? Scales.Empty : Scales.Create(scales),
            Mode = (ResizeMode)dice.NextInt(3),
            Coordinates = (ResizeCoordinates)dice.NextInt(5),
            Rounding = (ResizeRounding)dice.NextInt(4),
            CubicCoefficient = dice.NextInt(2) == 0 ? -0.75 : -0.5,
            ExcludesOutside = dice.NextInt(2) == 0,
            Antialias = dice.NextInt(2) == 0,
        };
    }
}
