using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// The largest eigenvalue of A(K) Aᵀ(K), the square of the operator's norm: what a step of inference may be long. It is measured by power
/// iteration (v ← AᵀA v, normalised), which comes near it from below, and bounded from above by the largest row sum times the largest column sum
/// of |A|. A measurement allocates nothing and depends on the kernel, the seed and the settings alone.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class OperatorNorm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>A first vector that has little of the largest eigenvector seems to have converged until that has grown.</summary>
    private const int FewestIterations = 20;

    private readonly OperatorRun<T> run;
    private readonly T[] input;
    private readonly T[] output;
    private readonly T[] magnitudes;

    /// <summary>Makes it ready for one operator; its bias is left out.</summary>
    /// <param name="operator">The operator.</param>
    /// <param name="inputShape">The shape of one example, [C, i…].</param>
    /// <param name="options">How to execute.</param>
    /// <exception cref="ArgumentException">The operator does not fit the input.</exception>
    public OperatorNorm(ConvolutionDescription @operator, Sizes inputShape, PlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(@operator);
        run = new OperatorRun<T>((@operator with { Bias = BiasSharing.None }).Plan<T>([1, .. inputShape.AsSpan()], options, "operator norm"));
        input = new T[run.Plan.InputShape.Product];
        output = new T[run.Plan.OutputShape.Product];
        magnitudes = new T[run.Plan.KernelShape.Product];
    }

    /// <summary>What the first vector is drawn from.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The relative error at which the iteration ends, as its last change tells it; above 0.</summary>
    public double Tolerance { get; init; } = 0.01;

    /// <summary>The most iterations, from 1; each is a forward pass and a transpose of one example.</summary>
    public int MostIterations { get; init; } = 100;

    /// <summary>The iterations that the last measurement took.</summary>
    public int Iterations { get; private set; }

    /// <summary>An estimate of the largest eigenvalue of A Aᵀ, from below but for rounding; 0 for a kernel of zeros.</summary>
    /// <param name="kernel">K.</param>
    /// <exception cref="ArgumentException">The kernel has another length.</exception>
    public double LargestEigenvalue(ReadOnlySpan<T> kernel)
    {
        CheckKernel(kernel);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Tolerance);
        ArgumentOutOfRangeException.ThrowIfLessThan(MostIterations, 1);
        var random = new RandomSource(Seed);
        foreach (ref var value in input.AsSpan()) value = T.CreateTruncating(random.NextNormal());
        double square = FixedSums.Squares<T>(input), eigenvalue = 0;
        for (Iterations = 1; ; Iterations++)
        {
            TensorPrimitives.Multiply(input, T.CreateTruncating(1 / Math.Sqrt(square)), input);
            run.Forward(input, kernel, default, output);
            // The Rayleigh quotient ‖A v‖² of a vector of length 1 never falls from one iteration to the next.
            var last = eigenvalue;
            eigenvalue = FixedSums.Squares<T>(output);
            // Where eigenvalues lie close together, as those of shared kernels do, what is missing falls as 1 / iterations and each change as its square.
            if (!(eigenvalue > 0) || Iterations >= MostIterations) return eigenvalue;
            if (Iterations >= FewestIterations && (eigenvalue - last) * Iterations < Tolerance * eigenvalue) return eigenvalue;
            run.InputGradient(kernel, output, input);
            square = FixedSums.Squares<T>(input);
        }
    }

    /// <summary>A number that the largest eigenvalue of A Aᵀ does not exceed: the largest row sum of |A| times its largest column sum.</summary>
    /// <param name="kernel">K.</param>
    /// <exception cref="ArgumentException">The kernel has another length.</exception>
    public double UpperBound(ReadOnlySpan<T> kernel)
    {
        CheckKernel(kernel);
        TensorPrimitives.Abs(kernel, magnitudes);
        input.AsSpan().Fill(T.One);
        run.Forward(input, magnitudes, default, output);
        var rows = double.CreateTruncating(TensorPrimitives.Max<T>(output));
        output.AsSpan().Fill(T.One);
        run.InputGradient(magnitudes, output, input);
        // What the kernels' rounding could take away is added again.
        return rows * double.CreateTruncating(TensorPrimitives.Max<T>(input)) * (1 + (256 * double.CreateTruncating(T.BitIncrement(T.One) - T.One)));
    }

    private void CheckKernel(ReadOnlySpan<T> kernel)
    {
        if (kernel.Length == magnitudes.Length) return;
        throw new ArgumentException($"operator norm: a kernel of {kernel.Length} elements for {run.Plan.KernelShape}; give {magnitudes.Length}.", nameof(kernel));
    }
}
