using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Reconstruction;

/// <summary>
/// Changes a dictionary for one batch with its codes. The descent of ½‖r‖², r = x − A(D)ᵀz, for D is the kernel gradient G = g(r, z). It is
/// brought into the tangent of each filter's sphere and divided by the running energy of the filter's codes, which gives P; the best length along P
/// is ⟨G, P⟩ / ‖A(P)ᵀ z‖², as the residual is linear in D. Then every filter is
/// moved where its kernel's border cuts it off, and brought back to norm 1.
/// </summary>
internal sealed class DictionaryStep<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The count of a filter that can never be used: one more changes nothing, and it is a number that files can hold.</summary>
    private static readonly T Never = T.CreateTruncating(-1e30);

    private readonly SparseCodingTraining training;
    private readonly FilterBank filters;
    private readonly CodeSearch<T> search;
    private readonly FilterCentring centring;
    private readonly T[] gradient;
    private readonly T[] direction;
    private readonly bool[] isReached;
    private readonly double[] batchEnergies;

    public DictionaryStep(SparseCodingTraining training, FilterBank filters, CodeSearch<T> search)
    {
        (this.training, this.filters, this.search) = (training, filters, search);
        centring = new FilterCentring(search.Run.Plan.Geometry, filters);
        gradient = new T[search.Run.Plan.KernelShape.Product];
        direction = new T[gradient.Length];
        batchEnergies = new double[filters.Count];
        Energies = new T[filters.Count];
        UnusedSteps = new T[filters.Count];
        // With ones everywhere a kernel's gradient counts its places: what lies in the padding wherever it is used has none.
        search.SpareImages.AsSpan().Fill(T.One);
        search.SpareCodes.AsSpan().Fill(T.One);
        search.Run.KernelGradient(search.SpareImages, search.SpareCodes, gradient, default);
        isReached = [.. gradient.Select(static count => count > T.CreateTruncating(0.5))];
        // Filters without a place, as of a tile longer than the output, are never missed.
        for (var f = 0; f < filters.Count; f++)
        {
            if (!filters.Filter(isReached.AsSpan(), f).Contains(true)) UnusedSteps[f] = Never;
        }
    }

    /// <summary>The running energy of each filter's codes, per step; part of what a training resumes from.</summary>
    public T[] Energies { get; }

    /// <summary>For how many steps each filter has not been used; part of what a training resumes from.</summary>
    public T[] UnusedSteps { get; }

    /// <summary>Random filters of norm 1; elements that never meet an input are 0.</summary>
    public void Draw(Span<T> dictionary)
    {
        var random = new RandomSource(training.Seed, 0, -1);
        foreach (ref var element in dictionary) element = T.CreateTruncating(random.NextNormal());
        Mask(dictionary);
        filters.Normalise(dictionary);
    }

    /// <summary>Every filter drawn anew from patches of a batch for which nothing is known yet.</summary>
    public void DrawFromPatches(ReadOnlySpan<T> samples, Span<T> dictionary)
    {
        samples.CopyTo(search.Residual);
        Replace(samples, dictionary, after: 0, step: -1);
    }

    /// <summary>One step, from the codes and the residual that the search left.</summary>
    public void Apply(ReadOnlySpan<T> samples, Span<T> dictionary, long step)
    {
        search.Run.KernelGradient(search.Residual, search.Codes, gradient, default);
        filters.Energies<T>(search.Codes, batchEnergies);
        for (var f = 0; f < filters.Count; f++) Prepare(f, dictionary);
        search.Run.InputGradient(direction, search.Codes, search.SpareImages);
        var reach = FixedSums.Squares<T>(search.SpareImages);
        if (reach > 0)
        {
            var length = T.CreateTruncating(training.LearningRate * FixedSums.Dot<T>(gradient, direction) / reach);
            TensorPrimitives.MultiplyAdd(direction, length, dictionary, dictionary);
            centring.Apply(dictionary);
            filters.Normalise(dictionary);
        }

        if (training.ReplaceUnusedAfter > 0) Replace(samples, dictionary, training.ReplaceUnusedAfter, step);
    }

    private void Prepare(int f, Span<T> dictionary)
    {
        var energy = batchEnergies[f];
        UnusedSteps[f] = energy > 0 ? T.Zero : UnusedSteps[f] + T.One;
        var running = (training.EnergyDecay * double.CreateTruncating(Energies[f])) + ((1 - training.EnergyDecay) * energy);
        Energies[f] = T.CreateTruncating(running);
        Span<T> from = filters.Filter(gradient.AsSpan(), f), to = filters.Filter(direction.AsSpan(), f), filter = filters.Filter(dictionary, f);
        if (!(energy > 0))
        {
            to.Clear();
            return;
        }

        var along = FixedSums.Dot<T>(from, filter) / Math.Max(FixedSums.Squares<T>(filter), double.Epsilon);
        TensorPrimitives.MultiplyAdd(filter, T.CreateTruncating(-along), from, to);
        to.CopyTo(from);
        // Never by less than this batch's own energy: a filter that comes to be used would leap.
        TensorPrimitives.Multiply(to, T.CreateTruncating(1 / Math.Max(running, energy)), to);
    }

    /// <summary>
    /// Draws filters anew that were unused for too long. The patch that a code unit sees is the kernel gradient of codes with that unit alone at 1, so
    /// that one operation cuts all of them, whatever the operator. A unit is drawn with a chance in proportion to the residual's energy within its window, which is
    /// a forward pass with a kernel of ones.
    /// </summary>
    private void Replace(ReadOnlySpan<T> samples, Span<T> dictionary, int after, long step)
    {
        var limit = T.CreateTruncating(after);
        if (!(TensorPrimitives.Max<T>(UnusedSteps) >= limit)) return;
        var (chances, squares) = (search.SpareCodes, search.SpareImages);
        TensorPrimitives.Multiply(search.Residual, search.Residual, squares);
        direction.AsSpan().Fill(T.One);
        search.Run.Forward(squares, direction, default, chances);
        Span<int> chosen = filters.Count <= 1024 ? stackalloc int[filters.Count] : new int[filters.Count];
        for (var f = 0; f < filters.Count; f++)
            chosen[f] = UnusedSteps[f] >= limit ? Choose(chances, f, new RandomSource(training.Seed, step, f)) : -1;
        Array.Clear(chances);
        foreach (var unit in chosen)
        {
            if (unit >= 0) chances[unit] = T.One;
        }

        search.Run.KernelGradient(samples, chances, direction, default);
        for (var f = 0; f < filters.Count; f++)
        {
            if (chosen[f] < 0) continue;
            var patch = filters.Filter(direction.AsSpan(), f);
            if (!(FixedSums.Squares<T>(patch) > 0)) continue;
            patch.CopyTo(filters.Filter(dictionary, f));
            (UnusedSteps[f], Energies[f]) = (T.Zero, T.Zero);
        }

        filters.Normalise(dictionary);
    }

    /// <summary>The index of a unit of the filter, by chance; −1 where nothing is left to reconstruct.</summary>
    private int Choose(T[] chances, int f, RandomSource random)
    {
        var (tile, m) = (f / filters.Outputs, f % filters.Outputs);
        var total = 0.0;
        Walk(double.PositiveInfinity);
        return total > 0 ? Walk(random.NextDouble() * total) : -1;

        int Walk(double until)
        {
            var (sum, last) = (0.0, -1);
            for (var start = m * filters.Positions; start < chances.Length; start += filters.Outputs * filters.Positions)
            {
                for (var p = 0; p < filters.Positions; p++)
                {
                    var chance = double.CreateTruncating(chances[start + p]);
                    if (filters.TileOf(p) != tile || !(chance > 0)) continue;
                    sum += chance;
                    last = start + p;
                    if (sum > until) return last;
                }
            }

            total = sum;
            return last;
        }
    }

    private void Mask(Span<T> kernel)
    {
        for (var i = 0; i < kernel.Length; i++)
        {
            if (!isReached[i]) kernel[i] = T.Zero;
        }
    }
}
