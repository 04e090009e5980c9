using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// Convolutional sparse coding: examples x ≈ A(D)ᵀ z with codes that minimise ½‖x − A(D)ᵀz‖² + λ‖z‖₁, and a dictionary D of unit-norm filters that is
/// learnt from batches. A filter is what feeds one code unit: all kernel elements of one output channel at one tile position. Memory
/// is taken once. One thread uses it at a time; with the same seeds its bits are the same on any number of threads.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class SparseCoder<T> : ILearner<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly CodeSearch<T> search;
    private readonly DictionaryStep<T> learning;
    private readonly SparseCodingTraining training;
    private readonly T[] dictionary;
    private readonly FilterBank filters;

    /// <summary>A coder whose filters are random, of norm 1.</summary>
    /// <param name="description">The model.</param>
    /// <param name="batch">The examples N that one call takes.</param>
    /// <param name="training">How the dictionary is learnt; null for the defaults.</param>
    /// <param name="options">How to execute.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or the operator does not fit the input.</exception>
    public SparseCoder(SparseCodingDescription description, int batch, SparseCodingTraining? training = null, PlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(description);
        description.Check();
        this.training = training ?? new SparseCodingTraining();
        this.training.Check();
        Description = description;
        search = new CodeSearch<T>(description, batch, options ?? PlanOptions.Default);
        CodeShape = description.CodeShape;
        filters = new FilterBank(description.Resolve());
        learning = new DictionaryStep<T>(this.training, filters, search);
        dictionary = new T[DictionaryShape.Product];
        learning.Draw(dictionary);
    }

    /// <summary>The model.</summary>
    public SparseCodingDescription Description { get; }

    /// <inheritdoc/>
    public int Batch => search.Run.Plan.InputShape[0];

    /// <inheritdoc/>
    public Sizes SampleShape => Description.InputShape;

    /// <inheritdoc/>
    public Sizes CodeShape { get; }

    /// <summary>The shape of D, the operator's kernel: [t…, M, C/g, k…], or [t…, P, k…] for a table; without t… when shared.</summary>
    public Sizes DictionaryShape => search.Run.Plan.KernelShape;

    /// <summary>D, row-major; may be written to between calls.</summary>
    public Span<T> Dictionary => dictionary;

    /// <summary>
    /// L of the dictionary as it stands: the estimate of the largest eigenvalue of A Aᵀ with its margin. Inference of the kinds
    /// <see cref="SparseInference.Fista"/> and <see cref="SparseInference.Ista"/> begins with steps of 1 / L.
    /// </summary>
    public double Curvature => search.CurvatureOf(dictionary);

    int ILearner<T>.Stages => 1;

    IReadOnlyList<NamedTensor<T>> ILearner<T>.Parameters => [new("dictionary", DictionaryShape, dictionary)];

    IReadOnlyList<NamedTensor<T>> ILearner<T>.State =>
        [new("dictionary.energies", [filters.Count], learning.Energies), new("dictionary.unused-steps", [filters.Count], learning.UnusedSteps)];

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<T> samples, Span<T> codes) => Encode(samples, codes, []);

    /// <summary>Computes the codes of examples, and tells how their objectives fell.</summary>
    /// <param name="samples">[N, C, i…].</param>
    /// <param name="codes">[N, M, o…]; overwritten.</param>
    /// <param name="objectives">[iterations + 1, N]: each example's objective at codes of 0 and after each iteration; empty where it is not wanted.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Encode(ReadOnlySpan<T> samples, Span<T> codes, Span<double> objectives)
    {
        CheckSamples(samples);
        CheckLength(codes.Length, search.Codes.Length, "codes", CodeShape);
        if (!objectives.IsEmpty) CheckLength(objectives.Length, (Description.Iterations + 1) * Batch, "objectives", [Description.Iterations + 1]);
        search.Find(samples, dictionary, Description.Iterations, objectives);
        search.Codes.CopyTo(codes);
    }

    /// <inheritdoc/>
    public void Reconstruct(ReadOnlySpan<T> samples, Span<T> reconstructions)
    {
        CheckSamples(samples);
        CheckSamples(reconstructions);
        search.Find(samples, dictionary, Description.Iterations, []);
        search.Run.InputGradient(dictionary, search.Codes, reconstructions);
    }

    /// <inheritdoc/>
    public void Reconstruct(ReadOnlySpan<T> samples, Span<T> codes, Span<T> reconstructions)
    {
        CheckSamples(reconstructions);
        Encode(samples, codes);
        search.Run.InputGradient(dictionary, search.Codes, reconstructions);
    }

    void ILearner<T>.Reconstruct(ReadOnlySpan<T> samples, int stage, Span<T> reconstructions) => Reconstruct(samples, reconstructions);

    /// <summary>Computes A(D)ᵀ z.</summary>
    /// <param name="codes">z, [N, M, o…].</param>
    /// <param name="samples">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Decode(ReadOnlySpan<T> codes, Span<T> samples)
    {
        CheckLength(codes.Length, search.Codes.Length, "codes", CodeShape);
        CheckSamples(samples);
        search.Run.InputGradient(dictionary, codes, samples);
    }

    /// <summary>½‖x − A(D)ᵀz‖² + λ‖z‖₁ of each example.</summary>
    /// <param name="samples">x, [N, C, i…].</param>
    /// <param name="codes">z, [N, M, o…].</param>
    /// <param name="objectives">[N]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Objective(ReadOnlySpan<T> samples, ReadOnlySpan<T> codes, Span<double> objectives)
    {
        CheckSamples(samples);
        CheckLength(codes.Length, search.Codes.Length, "codes", CodeShape);
        CheckLength(objectives.Length, Batch, "objectives", []);
        search.Evaluate(samples, dictionary, codes, objectives);
    }

    /// <summary>Infers the batch's codes and changes the dictionary by one step.</summary>
    /// <param name="samples">[N, C, i…].</param>
    /// <param name="step">The number of the step in the whole training, from 0.</param>
    /// <returns>The mean of (x − A(D)ᵀz)² over all elements, before the dictionary's step.</returns>
    /// <exception cref="ArgumentException">The length is another.</exception>
    public double Learn(ReadOnlySpan<T> samples, long step)
    {
        CheckSamples(samples);
        if (step == 0 && training.StartFromPatches) learning.DrawFromPatches(samples, dictionary);
        search.Find(samples, dictionary, Description.Iterations, []);
        var missed = FixedSums.Squares<T>(search.Residual) / search.Residual.Length;
        learning.Apply(samples, dictionary, step);
        return missed;
    }

    double ILearner<T>.Learn(ReadOnlySpan<T> samples, int stage, long step) => Learn(samples, step);

    private void CheckSamples(ReadOnlySpan<T> samples) => CheckLength(samples.Length, search.Residual.Length, "samples", SampleShape);

    private void CheckLength(int given, int wanted, string what, Sizes shape)
    {
        if (given != wanted) throw new ArgumentException($"{Description.Label}: {given} elements of {what} for {Batch} of {shape}; give {wanted}.", what);
    }
}
