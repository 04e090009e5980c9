using CsCheck;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Tests.Operators;

/// <summary>A random pooling for property tests: a description that fits an input shape, and a seed for the numbers.</summary>
public sealed record RandomPooling(PoolingDescription Description, Sizes InputShape, int Seed)
{
    /// <summary>Poolings of 1 to 4 axes with every kind, stride, dilation, padding and ceil mode.</summary>
    public static Gen<RandomPooling> Any { get; } =
        from rank in Gen.Frequency((3, Gen.Const(1)), (6, Gen.Const(2)), (2, Gen.Const(3)), (1, Gen.Const(4)))
        from input in Gen.Int[1, rank switch { 1 => 60, 2 => 23, _ => 6 }].Array[rank]
        from window in Gen.Int[1, 4].Array[rank]
        from stride in Gen.Int[1, 4].Array[rank]
        from dilation in Gen.Frequency((3, Gen.Const(1)), (1, Gen.Int[1, 3])).Array[rank]
        from low in Gen.Int[0, 2].Array[rank]
        from high in Gen.Int[0, 2].Array[rank]
        from rule in Gen.Int[0, 4]
        from kind in Gen.Enum<PoolingKind>()
        from ceil in Gen.Bool
        from counting in Gen.Bool
        from exponent in Gen.Int[0, 2].Select(i => new[] { 1.0, 2.0, 3.5 }[i])
        from form in Gen.Int[0, 5]
        from batch in Gen.Int[1, 3]
        from channels in Gen.Int[1, 4]
        from seed in Gen.Int[0, 1_000_000]
        let made = Make(input, window, stride, dilation, low, high, rule, kind, ceil, counting, exponent, form, [batch, channels, .. input], seed)
        where made is not null
        select made;

    public override string ToString() =>
        $"new RandomPooling(new PoolingDescription {{ Kind = PoolingKind.{Description.Kind}, Window = {L(Description.Window)}, Stride = {L(Description.Stride)}, Dilation = {L(Description.Dilation)}, "
        + $"Padding = {(Description.Padding.Rule == PaddingRule.Explicit ? $"Padding.Explicit({L(Description.Padding.Low)}, {L(Description.Padding.High)})" : $"Padding.{Description.Padding.Rule}")}, "
        + $"CeilMode = {(Description.CeilMode ? "true" : "false")}, CountIncludesPadding = {(Description.CountIncludesPadding ? "true" : "false")}, P = {FormattableString.Invariant($"{Description.P}")} }}, {L(InputShape)}, {Seed})";

    private static RandomPooling? Make(
        int[] input, int[] window, int[] stride, int[] dilation, int[] low, int[] high, int rule, PoolingKind kind, bool ceil, bool counting, double exponent, int form, Sizes shape, int seed)
    {
        var description = new PoolingDescription
        {
            Kind = kind,
            Window = form == 0 ? [] : Sizes.Create(window),
            Stride = form <= 1 ? [] : form == 2 ? Sizes.Repeat(2, input.Length) : Sizes.Create(stride),
            Dilation = form <= 2 ? [] : Sizes.Create(dilation),
            Padding = rule switch
            {
                0 => Padding.Valid,
                1 => Padding.Same,
                2 => Padding.SameLower,
                3 => Padding.Full,
                _ => Padding.Explicit(Sizes.Create(low), Sizes.Create(high)),
            },
            CeilMode = ceil,
            CountIncludesPadding = counting,
            P = exponent,
        };
        try
        {
            description.Resolve(Sizes.Create(input));
        }
        catch (ArgumentException)
        {
            return null;
        }

        return new RandomPooling(description, shape, seed);
    }

    private static string L(Sizes sizes) => $"[{string.Join(", ", sizes)}]";
}
