using System.Numerics.Tensors;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>
/// A certificate for a user's own sparse coding, at its real size in double, on random numbers. The decoder: ⟨A v, z⟩ = ⟨v, Aᵀz⟩ = ⟨D, g(z, v)⟩, and the
/// gradients of ½‖x − A(D)ᵀz‖² for z and for D against finite differences. Inference: objectives that never rise, and are those of the codes
/// given. Codes: once converged, the conditions of a minimum, with c = A(x − Aᵀz): c = λ sign(z) where a unit is active, |c| ≤ λ where it is not.
/// </summary>
public static class SparseCodingCheck
{
    /// <summary>By how much of λ converged codes may miss the conditions of a minimum.</summary>
    public const double OptimalityTolerance = 1e-3;

    /// <summary>The largest relative error of an objective that rounding explains.</summary>
    public const double ObjectiveTolerance = 1e-10;

    /// <summary>Converged codes are those of examples whose largest |A x| is this many λ: with far more, most units are active and convergence is slow.</summary>
    private const double Contrast = 4;

    private const int ElementsAlone = 6;
    private const int RoundIterations = 100;
    private const int MostRounds = 60;

    /// <summary>Checks the decoder, inference and converged codes.</summary>
    /// <param name="description">The model.</param>
    /// <param name="batch">Examples in a pass, from 1.</param>
    /// <param name="seed">What the dictionary, examples and directions are drawn from.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <param name="progress">Told of each row as it is known.</param>
    /// <param name="cancellation">Asked between rows and now and then while codes converge.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or the operator does not fit the input.</exception>
    public static GradientReport Run(
        SparseCodingDescription description, int batch = 2, long seed = 1, int threads = 0, IProgress<GradientCheckRow>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        var options = new PlanOptions { Threads = threads };
        var coder = new SparseCoder<double>(description, batch, new SparseCodingTraining { Seed = seed }, options);
        var dictionary = coder.Dictionary.ToArray();
        var random = new RandomSource(seed, 0, 1);
        var samples = new double[batch * description.InputShape.Product];
        LayerProbe.Fill(samples, ref random);
        var rows = new List<GradientCheckRow>();
        Add(Decoder(coder, dictionary, samples, options, ref random));
        Add(Inference(coder, samples));
        Add(Minimum(coder, dictionary, samples, options, cancellation));
        return new GradientReport(rows);

        void Add(GradientCheckRow row)
        {
            rows.Add(row);
            progress?.Report(row);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>By how much of λ codes miss the conditions of a minimum, at the worst unit.</summary>
    /// <param name="codes">z.</param>
    /// <param name="slopes">A(x − Aᵀz).</param>
    /// <param name="sparsity">λ.</param>
    /// <param name="nonNegative">Whether z is kept at 0 and above.</param>
    internal static double Missed(ReadOnlySpan<double> codes, ReadOnlySpan<double> slopes, double sparsity, bool nonNegative)
    {
        double worst = 0;
        for (var i = 0; i < codes.Length; i++)
        {
            var missed = codes[i] switch
            {
                0 => Math.Max(0, (nonNegative ? slopes[i] : Math.Abs(slopes[i])) - sparsity),
                < 0 when nonNegative => double.PositiveInfinity,
                < 0 => Math.Abs(slopes[i] + sparsity),
                > 0 => Math.Abs(slopes[i] - sparsity),
                _ => double.PositiveInfinity,
            };
            // Also what is not a number is missed.
            if (!(missed <= worst)) worst = double.IsNaN(missed) ? double.PositiveInfinity : missed;
        }

        return worst / sparsity;
    }

    private static GradientCheckRow Decoder(SparseCoder<double> coder, double[] dictionary, double[] samples, PlanOptions options, ref RandomSource random)
    {
        var run = new OperatorRun<double>(coder.Description.Operator.Plan<double>([coder.Batch, .. coder.SampleShape.AsSpan()], options, coder.Description.Label));
        var codes = new double[coder.Batch * coder.CodeShape.Product];
        LayerProbe.Fill(codes, ref random);
        var (image, forward, kernelGradient) = (new double[samples.Length], new double[codes.Length], new double[dictionary.Length]);

        // One product in three ways, by each of the three operations.
        run.InputGradient(dictionary, codes, image);
        run.Forward(samples, dictionary, default, forward);
        run.KernelGradient(samples, codes, kernelGradient, default);
        var product = TensorPrimitives.Dot<double>(forward, codes);
        var lengths = Math.Max(Lengths(forward, codes), Math.Max(Lengths(samples, image), Lengths(dictionary, kernelGradient)));
        var adjoint = Math.Max(
            DifferenceProbe.RelativeError(product, TensorPrimitives.Dot<double>(samples, image), lengths),
            DifferenceProbe.RelativeError(product, TensorPrimitives.Dot<double>(dictionary, kernelGradient), lengths));

        // The gradients as inference and learning use them, with the sign of ½‖x − Aᵀz‖².
        TensorPrimitives.Subtract(image, samples, image);
        run.Forward(image, dictionary, default, forward);
        run.KernelGradient(image, codes, kernelGradient, default);
        var terms = new double[samples.Length];
        var weights = new double[samples.Length];
        Array.Fill(weights, 0.5);
        var differences = new DifferenceProbe(
            () =>
            {
                run.InputGradient(dictionary, codes, terms);
                TensorPrimitives.Subtract(terms, samples, terms);
                TensorPrimitives.Multiply(terms, terms, terms);
                return terms;
            },
            weights);
        var forCodes = differences.Worst(codes, forward, 0, ElementsAlone, ref random);
        var forDictionary = differences.Worst(dictionary, kernelGradient, 0, ElementsAlone, ref random);
        return new GradientCheckRow
        {
            Layer = "decoder",
            Kind = "sparse-coding",
            Output = run.Plan.InputShape,
            AdjointError = adjoint,
            DifferenceError = Math.Max(forCodes, forDictionary),
            Worst = Math.Max(forCodes, forDictionary) == 0 ? "" : forCodes > forDictionary ? "codes" : "dictionary",
            Compared = differences.Compared,
            PassedOver = differences.PassedOver,
            Passed = adjoint <= GradientCheck.AdjointTolerance && Math.Max(forCodes, forDictionary) <= GradientCheck.DifferenceTolerance && differences.Compared > 0,
        };
    }

    private static GradientCheckRow Inference(SparseCoder<double> coder, double[] samples)
    {
        var (steps, batch) = (coder.Description.Iterations, coder.Batch);
        var trace = new double[(steps + 1) * batch];
        var codes = new double[batch * coder.CodeShape.Product];
        coder.Encode(samples, codes, trace);
        double rise = 0;
        for (var i = batch; i < trace.Length; i++) rise = Worse(rise, (trace[i] - trace[i - batch]) / trace[i - batch]);
        var told = new double[batch];
        coder.Objective(samples, codes, told);
        double error = 0;
        for (var n = 0; n < batch; n++) error = Worse(error, DifferenceProbe.RelativeError(told[n], trace[^(batch - n)], 0));
        return new GradientCheckRow
        {
            Layer = "inference",
            Kind = SparseCodingDescription.InferenceWords[(int)coder.Description.Inference],
            Output = [batch, .. coder.CodeShape.AsSpan()],
            DifferenceError = Math.Max(rise, error),
            DifferenceAllowed = ObjectiveTolerance,
            Worst = Math.Max(rise, error) == 0 ? "" : "objective",
            Compared = steps * batch,
            PassedOver = 0,
            Passed = rise == 0 && error <= ObjectiveTolerance,
        };

        static double Worse(double a, double b) => double.IsNaN(b) ? double.PositiveInfinity : Math.Max(a, b);
    }

    private static GradientCheckRow Minimum(SparseCoder<double> coder, double[] dictionary, double[] samples, PlanOptions options, CancellationToken cancellation)
    {
        // Plain shrinkage would take long; what is checked is the minimum, not the way there.
        var description = coder.Description.Inference == SparseInference.Ista ? coder.Description with { Inference = SparseInference.Fista } : coder.Description;
        var search = new CodeSearch<double>(description, coder.Batch, options);
        var slopes = new double[search.Codes.Length];
        search.Run.Forward(samples, dictionary, default, slopes);
        var largest = DifferenceProbe.Largest(slopes);
        if (largest > 0) TensorPrimitives.Multiply(samples, Contrast * description.Sparsity / largest, samples);
        var missed = double.PositiveInfinity;
        for (var round = 0; round < MostRounds && missed > 0.1 * OptimalityTolerance; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            // Begun anew, the search loses the momentum that carries it past the minimum.
            search.Find(samples, dictionary, RoundIterations, [], goOn: round > 0);
            search.Run.Forward(search.Residual, dictionary, default, slopes);
            missed = Missed(search.Codes, slopes, description.Sparsity, description.NonNegative);
        }

        return new GradientCheckRow
        {
            Layer = "codes",
            Kind = "minimum",
            Output = search.Run.Plan.OutputShape,
            DifferenceError = missed,
            DifferenceAllowed = OptimalityTolerance,
            Worst = missed == 0 ? "" : "codes",
            Compared = search.Codes.Length,
            PassedOver = 0,
            Passed = missed <= OptimalityTolerance,
        };
    }

    private static double Lengths(double[] a, double[] b) => TensorPrimitives.Norm<double>(a) * TensorPrimitives.Norm<double>(b);
}
