using System.Numerics;
using Tessera.Kernels.Resampling;

namespace Tessera.Operators;

/// <summary>
/// Makes each spatial axis longer or shorter, V [N, C, i…] to Z [N, C, o…], to sizes or by scales: Z[p] = Σ_x f(x − x(p)) · V[x] on each
/// axis in turn, where x(p) is where the position lies among the inputs and f is what the mode says. Beyond the edges the outermost inputs
/// are repeated.
/// </summary>
public sealed record Resizing
{
    private const int NearestDigits = 6;

    /// <summary>The output size of each axis; empty where scales are given.</summary>
    public Sizes Size { get; init; }

    /// <summary>The scale of each axis, above 0, for an output of ⌊i · s⌋; empty where sizes are given.</summary>
    public Scales Scales { get; init; }

    /// <summary>What is made of the inputs around a position; the nearest unless said.</summary>
    public ResizeMode Mode { get; init; }

    /// <summary>Where a position lies; half-pixel unless said.</summary>
    public ResizeCoordinates Coordinates { get; init; }

    /// <summary>Which input is nearest.</summary>
    public ResizeRounding Rounding { get; init; }

    /// <summary>Keys' coefficient of the cubic, its slope at the first neighbour; −0.75 unless said, −0.5 in some systems.</summary>
    public double CubicCoefficient { get; init; } = -0.75;

    /// <summary>Whether what lies beyond the edges has no weight, and the other weights are made to sum to 1.</summary>
    public bool ExcludesOutside { get; init; }

    /// <summary>Whether f is made wider by as much as an axis shrinks, so that every input has weight; linear and cubic alone.</summary>
    public bool Antialias { get; init; }

    /// <summary>The output size [o_1 … o_d].</summary>
    /// <exception cref="ArgumentException">Neither or both of size and scales are given, not one for each axis, a size or scale is below what is allowed, or the output is too large.</exception>
    public Sizes OutputSize(Sizes inputSize, string name = "resizing")
    {
        if (Size.Count > 0 == Scales.Count > 0) throw new ArgumentException($"{name}: {(Size.Count > 0 ? "both a size and scales are" : "neither a size nor scales are")} given; give one of them.");
        if (!double.IsFinite(CubicCoefficient)) throw new ArgumentException($"{name}: the cubic coefficient is not finite; give a number such as -0.75.");
        if (Size.Count > 0)
        {
            SpatialMapChecks.Axes(inputSize, Size, "size", 1, name);
            return SpatialMapChecks.Memory([.. Size.Select(static size => (long)size)], name);
        }

        SpatialMapChecks.Axes(inputSize, Sizes.Repeat(1, Scales.Count), "scale", 1, name);
        var sizes = new long[inputSize.Count];
        for (var a = 0; a < sizes.Length; a++)
        {
            var size = Math.Floor(inputSize[a] * Scales[a]);
            if (!(Scales[a] > 0) || size < 1) throw new ArgumentException(FormattableString.Invariant($"{name}: a scale of {Scales[a]} leaves nothing of {inputSize[a]} inputs on axis {a}; give at least {1.0 / inputSize[a]}."));
            if (size > int.MaxValue) throw new ArgumentException(FormattableString.Invariant($"{name}: a scale of {Scales[a]} on axis {a} of {inputSize[a]} inputs gives more than {int.MaxValue}; use a smaller one."));
            sizes[a] = (long)size;
        }

        return SpatialMapChecks.Memory(sizes, name);
    }

    /// <summary>Makes a plan for an input [N, C, i_1 … i_d].</summary>
    /// <exception cref="ArgumentException">As for <see cref="OutputSize"/>.</exception>
    public SpatialMapPlan<T> Plan<T>(Sizes inputShape, PlanOptions? options = null, string name = "resizing")
        where T : unmanaged, IFloatingPointIeee754<T> =>
        Plan<T>(inputShape, options, name, null);

    /// <summary>The same, for what calls itself something else.</summary>
    internal SpatialMapPlan<T> Plan<T>(Sizes inputShape, PlanOptions? options, string name, string? description)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PoolingChecks.InputShape(inputShape, name);
        var outputSize = OutputSize(inputShape.From(2), name);
        var taps = outputSize.Select((size, axis) => Taps(axis, inputShape[2 + axis], size)).ToArray();
        var planes = inputShape[0] * inputShape[1];
        return new SpatialMapPlan<T>(
            inputShape,
            outputSize,
            new SeparableMap<T>(taps, planes, adjoint: false),
            new SeparableMap<T>(taps, planes, adjoint: true),
            options ?? PlanOptions.Default,
            description ?? $"resizing to {outputSize}, {Mode}");
    }

    /// <summary>The inputs and weights of every position of each axis, for an input [N, C, i_1 … i_d].</summary>
    internal IReadOnlyList<AxisTaps> Taps(Sizes inputShape) => [.. OutputSize(inputShape.From(2)).Select((size, axis) => Taps(axis, inputShape[2 + axis], size))];

    /// <summary>The inputs and weights of every position of one axis.</summary>
    internal AxisTaps Taps(int axis, int input, int output) => AxisTaps.Of(input, Enumerable.Range(0, output).Select(p => Entries(axis, input, output, p)));

    private List<(int Source, double Weight)> Entries(int axis, int input, int output, int p)
    {
        var x = Place(axis, input, output, p);
        if (Mode == ResizeMode.Nearest)
        {
            // Scales from elsewhere are single-precision, and so are the places that they mean: what is that near to the middle, or to an input, is there.
            x = Math.Round(x, NearestDigits);
            var nearest = Rounding switch
            {
                ResizeRounding.RoundPreferFloor => Math.Ceiling(x - 0.5),
                ResizeRounding.RoundPreferCeil => Math.Floor(x + 0.5),
                ResizeRounding.Floor => Math.Floor(x),
                _ => Math.Ceiling(x),
            };
            return [((int)Math.Clamp(nearest, 0, input - 1), 1)];
        }

        var narrow = Antialias ? Math.Min(1, ScaleOf(axis, input, output)) : 1;
        var reach = (int)Math.Ceiling((Mode == ResizeMode.Linear ? 1 : 2) / narrow);
        var entries = new List<(int Source, double Weight)>();
        for (var at = (int)Math.Floor(x) - reach + 1; at <= (int)Math.Floor(x) + reach; at++)
        {
            var weight = Weight((at - x) * narrow);
            if (weight != 0 && !(ExcludesOutside && (at < 0 || at >= input))) entries.Add((Math.Clamp(at, 0, input - 1), weight));
        }

        // Elsewhere the weights sum to 1 by themselves.
        if (!ExcludesOutside && !Antialias) return entries;
        var sum = entries.Sum(static entry => entry.Weight);
        return sum == 0 ? [((int)Math.Clamp(Math.Round(x), 0, input - 1), 1)] : [.. entries.Select(entry => (entry.Source, entry.Weight / sum))];
    }

    private double ScaleOf(int axis, int input, int output) => Scales.Count > 0 ? Scales[axis] : (double)output / input;

    /// <summary>x(p); from sizes without dividing by a rounded scale, so that what lies exactly between two inputs does.</summary>
    private double Place(int axis, int input, int output, int p)
    {
        var scaled = Scales.Count > 0;
        var length = scaled ? input * Scales[axis] : output;
        var half = (scaled ? (p + 0.5) / Scales[axis] : (p + 0.5) * input / output) - 0.5;
        return Coordinates switch
        {
            ResizeCoordinates.HalfPixelSymmetric => half + (input / 2.0 * (1 - (output / length))),
            ResizeCoordinates.PyTorchHalfPixel => output > 1 ? half : 0,
            ResizeCoordinates.AlignCorners => output > 1 ? (double)p * (input - 1) / (length - 1) : 0,
            ResizeCoordinates.Middle => half + 0.5,
            ResizeCoordinates.Asymmetric => scaled ? p / Scales[axis] : (double)p * input / output,
            _ => half,
        };
    }

    private double Weight(double distance)
    {
        var (t, a) = (Math.Abs(distance), CubicCoefficient);
        if (Mode == ResizeMode.Linear) return Math.Max(0, 1 - t);
        if (t <= 1) return (((((a + 2) * t) - (a + 3)) * t) * t) + 1;
        return t < 2 ? a * (((((t - 5) * t) + 8) * t) - 4) : 0;
    }
}
