using System.Numerics;
using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>What pooling makes of a window.</summary>
public enum PoolingKind
{
    /// <summary>The largest element, with its position; a NaN wins.</summary>
    Max,

    /// <summary>The mean.</summary>
    Average,

    /// <summary>(Σ|v|ᵖ)^(1/p).</summary>
    Lp,
}

/// <summary>
/// What a user says of pooling: a window that moves over each channel by itself, for any number of spatial axes;
/// immutable and comparable. Padding is never part of a maximum or a sum.
/// </summary>
public sealed record PoolingDescription
{
    /// <summary>Window size per axis; empty for the whole input (global pooling).</summary>
    public Sizes Window { get; init; }

    /// <summary>What is made of a window; the maximum unless said.</summary>
    public PoolingKind Kind { get; init; }

    /// <summary>Stride per axis; empty for the window's size.</summary>
    public Sizes Stride { get; init; }

    /// <summary>Dilation per axis, the distance between neighbouring window elements; empty for 1 everywhere.</summary>
    public Sizes Dilation { get; init; }

    /// <summary>How far the window may reach over the edges; valid unless said.</summary>
    public Padding Padding { get; init; } = Padding.Valid;

    /// <summary>Whether a last window that reaches past the padded input counts too, as long as it begins before the padding at the end.</summary>
    public bool CeilMode { get; init; }

    /// <summary>Whether an average divides by the elements in the padding too; what ceil mode adds past the padding never counts.</summary>
    public bool CountIncludesPadding { get; init; }

    /// <summary>The exponent p of <see cref="PoolingKind.Lp"/>, at least 1; 2 unless said.</summary>
    public double P { get; init; } = 2;

    /// <summary>Checks the description against an input and derives each axis.</summary>
    /// <param name="inputSize">Input size [i_1 … i_d].</param>
    /// <param name="name">What messages call the operator, such as the name of a layer.</param>
    /// <exception cref="ArgumentException">The description contradicts itself or does not fit the input; the message names the place, the sizes and a way out.</exception>
    public IReadOnlyList<AxisGeometry> Resolve(Sizes inputSize, string name = "pooling")
    {
        PoolingChecks.Numbers(this, inputSize, name);
        var axes = new AxisGeometry[inputSize.Count];
        for (var a = 0; a < axes.Length; a++)
        {
            int input = inputSize[a], window = Window.Count == 0 ? input : Window[a];
            int stride = Stride.Count == 0 ? window : Stride[a], dilation = Dilation.Count == 0 ? 1 : Dilation[a];
            var dilated = (dilation * (window - 1)) + 1;
            var (low, high) = Padding.Resolve(a, input, dilated, stride);
            var slack = CeilMode ? stride - 1 : 0;
            var output = OperatorGeometry.OutputSizeOf(input, low, high + slack, dilated, stride);
            if (CeilMode && (output - 1) * stride >= input + (long)low) output--;
            PoolingChecks.Fits(a, input, low + (long)high, dilated, output, name);
            axes[a] = new AxisGeometry(input, (int)output, window, stride, dilation, low, high, Tile: 1, Flip: false);
            PoolingChecks.MeetsInput(axes[a], a, name);
        }

        PoolingChecks.Memory(axes, name);
        return axes;
    }

    /// <summary>The output size [o_1 … o_d] for an input size; exceptions as for <see cref="Resolve"/>.</summary>
    public Sizes OutputSize(Sizes inputSize, string name = "pooling") => [.. Resolve(inputSize, name).Select(axis => axis.Output)];

    /// <summary>Makes a plan for an input [N, C, i_1 … i_d].</summary>
    /// <exception cref="ArgumentException">As for <see cref="Resolve"/>; nothing has been allocated then.</exception>
    public PoolingPlan<T> Plan<T>(Sizes inputShape, PlanOptions? options = null, string name = "pooling")
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PoolingChecks.InputShape(inputShape, name);
        return new PoolingPlan<T>(this, inputShape, [.. Resolve(inputShape.From(2), name)], options ?? PlanOptions.Default);
    }
}
