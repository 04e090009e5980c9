using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// Inference of codes z for a batch x: minimises ½‖x − Aᵀz‖² + λ‖z‖₁ of each example by monotone FISTA (Beck and Teboulle 2009b). From a point y,
/// the proposal is z = S(y + A(x − Aᵀy) / L, λ / L); an example keeps the better of z and its codes so far, and the next point is
/// codes + t/t′ (z − codes) + (t − 1)/t′ (codes − codes before), t′ = (1 + √(1 + 4t²)) / 2. The images Aᵀ of all points are kept beside
/// them, so that an iteration costs one forward pass and one transpose. A step 1 / L is short enough where ‖Aᵀ(z − y)‖² ≤ L ‖z − y‖²;
/// an example for which it is not doubles its L. All elementwise work is a job for each example.
/// </summary>
internal sealed class CodeSearch<T> : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>By how much L is chosen above its estimate, which comes from below.</summary>
    private const double Margin = 1.05;

    /// <summary>How far rounding, and an estimate that is a little low, may miss the condition on L.</summary>
    private const double Slack = 1.01;

    /// <summary>Moves below this many rounding errors of a code say nothing of L any more.</summary>
    private const double Noise = 100;

    private readonly SparseCodingDescription description;
    private readonly OperatorNorm<T> norm;
    private readonly int threads;
    private readonly double epsilon = double.CreateTruncating(T.BitIncrement(T.One) - T.One);
    private readonly int sampleLength;
    private readonly int codeLength;
    private readonly T[] measured;
    private readonly T[] samples;
    private readonly T[] images;
    private readonly T[] point;
    private readonly T[] pointImages;
    private readonly T[] proposal;
    private readonly T[] proposalImages;
    private readonly T[] descent;
    private readonly double[] curvatures;
    private readonly double[] proposed;
    private readonly bool[] pending;
    private double bound;
    private double curvature = 1;
    private Stage stage;
    private T acceptedMomentum;
    private T rejectedMomentum;

    public CodeSearch(SparseCodingDescription description, int batch, PlanOptions options)
    {
        this.description = description;
        threads = options.ResolvedThreads;
        Run = new OperatorRun<T>(description.Operator.Plan<T>([batch, .. description.InputShape.AsSpan()], options, description.Label));
        norm = new OperatorNorm<T>(description.Operator, description.InputShape, options);
        sampleLength = (int)description.InputShape.Product;
        codeLength = (int)description.CodeShape.Product;
        measured = new T[Run.Plan.KernelShape.Product];
        measured[0] = T.NaN;
        samples = new T[Run.Plan.InputShape.Product];
        (images, pointImages, proposalImages, Residual) = (new T[samples.Length], new T[samples.Length], new T[samples.Length], new T[samples.Length]);
        Codes = new T[Run.Plan.OutputShape.Product];
        (point, proposal, descent) = (new T[Codes.Length], new T[Codes.Length], new T[Codes.Length]);
        (curvatures, proposed, Objectives, pending) = (new double[batch], new double[batch], new double[batch], new bool[batch]);
    }

    private enum Stage
    {
        Begin,
        Miss,
        Propose,
        Judge,
        Move,
        End,
    }

    public OperatorRun<T> Run { get; }

    /// <summary>The codes found, [N, M, o…].</summary>
    public T[] Codes { get; }

    /// <summary>x − Aᵀ codes, [N, C, i…].</summary>
    public T[] Residual { get; }

    /// <summary>Each example's objective.</summary>
    public double[] Objectives { get; }

    /// <summary>Memory of the size of the codes that is free between searches.</summary>
    public T[] SpareCodes => proposal;

    /// <summary>Memory of the size of the batch that is free between searches.</summary>
    public T[] SpareImages => proposalImages;

    /// <summary>Finds codes from 0, or from where they stand.</summary>
    /// <param name="batch">x, [N, C, i…].</param>
    /// <param name="dictionary">D.</param>
    /// <param name="iterations">Steps.</param>
    /// <param name="trace">Each example's objective before the first step and after each, [iterations + 1, N]; empty where it is not wanted.</param>
    /// <param name="goOn">Whether to begin with <see cref="Codes"/> as they stand.</param>
    public void Find(ReadOnlySpan<T> batch, ReadOnlySpan<T> dictionary, int iterations, Span<double> trace, bool goOn = false)
    {
        CurvatureOf(dictionary);
        batch.CopyTo(samples);
        if (goOn)
        {
            Run.InputGradient(dictionary, Codes, images);
        }
        else
        {
            Array.Clear(Codes);
            Array.Clear(images);
        }

        Each(Stage.Begin);
        if (!trace.IsEmpty) Objectives.CopyTo(trace);
        var t = 1.0;
        for (var k = 1; k <= iterations; k++)
        {
            Each(Stage.Miss);
            Run.Forward(Residual, dictionary, default, descent);
            Array.Fill(pending, true);
            do
            {
                Each(Stage.Propose);
                Run.InputGradient(dictionary, proposal, proposalImages);
                Each(Stage.Judge);
            }
            while (Array.IndexOf(pending, true) >= 0);
            var next = (1 + Math.Sqrt(1 + (4 * t * t))) / 2;
            (acceptedMomentum, rejectedMomentum) = description.Inference == SparseInference.Ista
                ? (T.Zero, T.Zero)
                : (T.CreateTruncating((t - 1) / next), T.CreateTruncating(-t / next));
            t = next;
            Each(Stage.Move);
            if (!trace.IsEmpty) Objectives.CopyTo(trace[(k * Objectives.Length)..]);
        }

        Each(Stage.End);
    }

    /// <summary>
    /// L, that the steps begin with: the estimate of A Aᵀ's largest eigenvalue and its margin, at most the bound that is sure. It is measured where the
    /// dictionary is another than the last time, and follows from the dictionary alone, so that codes do too.
    /// </summary>
    public double CurvatureOf(ReadOnlySpan<T> dictionary)
    {
        if (dictionary.SequenceEqual(measured)) return curvature;
        dictionary.CopyTo(measured);
        var above = norm.UpperBound(dictionary);
        var sure = above > 0 && double.IsFinite(above);
        // Without a filter, any step will do.
        bound = sure ? above : 1;
        return curvature = sure ? Math.Min(above, Margin * norm.LargestEigenvalue(dictionary)) : 1;
    }

    /// <summary>Each example's objective for any codes.</summary>
    public void Evaluate(ReadOnlySpan<T> batch, ReadOnlySpan<T> dictionary, ReadOnlySpan<T> codes, Span<double> objectives)
    {
        Run.InputGradient(dictionary, codes, proposalImages);
        for (var n = 0; n < objectives.Length; n++) objectives[n] = Objective(batch.Slice(n * sampleLength, sampleLength), Image(proposalImages, n), codes.Slice(n * codeLength, codeLength));
    }

    void IParallelWork.Execute(int job, int worker)
    {
        switch (stage)
        {
            case Stage.Begin:
                curvatures[job] = description.Inference == SparseInference.Backtracking ? Math.Min(1, bound) : curvature;
                Code(Codes, job).CopyTo(Code(point, job));
                Image(images, job).CopyTo(Image(pointImages, job));
                Objectives[job] = Objective(Image(samples, job), Image(images, job), Code(Codes, job));
                break;
            case Stage.Miss:
                TensorPrimitives.Subtract(Image(samples, job), Image(pointImages, job), Image(Residual, job));
                break;
            case Stage.Propose:
                if (pending[job]) Propose(job);
                break;
            case Stage.Judge:
                if (pending[job]) Judge(job);
                break;
            case Stage.Move:
                Move(job);
                break;
            default:
                TensorPrimitives.Subtract(Image(samples, job), Image(images, job), Image(Residual, job));
                break;
        }
    }

    private void Each(Stage next)
    {
        stage = next;
        ThreadTeam.Run(this, Objectives.Length, threads);
    }

    private void Propose(int n)
    {
        var shrink = new Shrink<T>(T.CreateTruncating(1 / curvatures[n]), T.CreateTruncating(description.Sparsity / curvatures[n]), description.NonNegative);
        VectorLoops.Map<T, Shrink<T>>(Code(point, n), Code(descent, n), Code(proposal, n), shrink);
    }

    private void Judge(int n)
    {
        Span<T> code = Code(proposal, n), image = Image(proposalImages, n);
        proposed[n] = Objective(Image(samples, n), image, code);
        pending[n] = false;
        if (!(curvatures[n] < bound)) return;
        var moved = FixedSums.SquaredDistance<T>(code, Code(point, n));
        if (!(FixedSums.SquaredDistance<T>(image, Image(pointImages, n)) > Slack * curvatures[n] * moved)) return;
        if (moved < Noise * Noise * epsilon * epsilon * FixedSums.Squares<T>(code)) return;
        curvatures[n] = Math.Min(2 * curvatures[n], bound);
        pending[n] = true;
    }

    private void Move(int n)
    {
        Span<T> code = Code(Codes, n), image = Image(images, n), next = Code(proposal, n), nextImage = Image(proposalImages, n);
        if (!(proposed[n] < Objectives[n]))
        {
            VectorLoops.Map<T, Extrapolate>(code, next, Code(point, n), new Extrapolate(rejectedMomentum));
            VectorLoops.Map<T, Extrapolate>(image, nextImage, Image(pointImages, n), new Extrapolate(rejectedMomentum));
            return;
        }

        VectorLoops.Map<T, Extrapolate>(next, code, Code(point, n), new Extrapolate(acceptedMomentum));
        VectorLoops.Map<T, Extrapolate>(nextImage, image, Image(pointImages, n), new Extrapolate(acceptedMomentum));
        next.CopyTo(code);
        nextImage.CopyTo(image);
        Objectives[n] = proposed[n];
    }

    private double Objective(ReadOnlySpan<T> sample, ReadOnlySpan<T> image, ReadOnlySpan<T> code) =>
        (0.5 * FixedSums.SquaredDistance(sample, image)) + (description.Sparsity * FixedSums.Magnitudes(code));

    private Span<T> Code(T[] codes, int n) => codes.AsSpan(n * codeLength, codeLength);

    private Span<T> Image(T[] batch, int n) => batch.AsSpan(n * sampleLength, sampleLength);

    /// <summary>first + factor · (first − second).</summary>
    private readonly struct Extrapolate(T factor) : IPairFunction<T>
    {
        private readonly Vector<T> factor = new(factor);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> first, Vector<T> second) => VectorLoops.MultiplyAdd(first - second, factor, first);
    }
}
