using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Kernels.Resampling;

/// <summary>
/// A linear map of each plane, one axis after another: the axes that shrink come first, so that no plane between is larger than both ends.
/// Along any axis but the last, whole rows are weighed and added. The adjoint is the same with turned taps, in the opposite order.
/// </summary>
internal sealed unsafe class SeparableMap<T> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ElementsPerJob = 16384;

    private readonly Pass[] passes;
    private readonly long source;
    private readonly long target;
    private readonly long between;
    private readonly int planes;
    private readonly int planesPerJob;
    private readonly bool adjoint;

    /// <param name="taps">The map of each spatial axis.</param>
    /// <param name="planes">N·C.</param>
    /// <param name="adjoint">Whether to run the adjoint, from the output's gradient to the input's.</param>
    public SeparableMap(AxisTaps[] taps, int planes, bool adjoint)
    {
        (this.planes, this.adjoint) = (planes, adjoint);
        var order = Enumerable.Range(0, taps.Length)
            .Where(axis => !taps[axis].IsIdentity)
            .OrderBy(axis => (double)taps[axis].Output / taps[axis].Input)
            .ThenByDescending(static axis => axis);
        var sizes = taps.Select(axis => adjoint ? axis.Output : axis.Input).ToArray();
        source = Elements(sizes);
        long cost = source;
        var made = new List<Pass>();
        foreach (var axis in adjoint ? order.Reverse() : order)
        {
            var along = adjoint ? taps[axis].Transposed() : taps[axis];
            made.Add(new Pass(along, (int)Elements(sizes.AsSpan()[..axis]), (int)Elements(sizes.AsSpan()[(axis + 1)..])));
            sizes[axis] = along.Output;
            cost = Math.Max(cost, Elements(sizes));
            if (made.Count < order.Count()) between = Math.Max(between, Elements(sizes));
        }

        target = Elements(sizes);
        passes = [.. made];
        planesPerJob = (int)Math.Clamp(ElementsPerJob / cost, 1, planes);
        Stages = [(int)(((long)planes + planesPerJob - 1) / planesPerJob)];
    }

    public override string Name => adjoint ? "transposed map of axes" : "map of axes";

    public override IReadOnlyList<int> Stages { get; }

    /// <summary>Two planes to go between.</summary>
    public override long WorkerElements => passes.Length > 1 ? 2 * between : 0;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var first = (long)job * planesPerJob;
        var end = Math.Min(planes, first + planesPerJob);
        for (var plane = first; plane < end; plane++)
        {
            var from = (adjoint ? operands.Output : operands.Input) + (plane * source);
            var to = (adjoint ? operands.Input : operands.Output) + (plane * target);
            if (passes.Length == 0) Row(from, T.One, to, (int)source, operands.Accumulate);
            for (var k = 0; k < passes.Length; k++)
            {
                var isLast = k == passes.Length - 1;
                var next = isLast ? to : own + ((k & 1) * between);
                Run(passes[k], from, next, isLast && operands.Accumulate);
                from = next;
            }
        }
    }

    private static void Run(Pass pass, T* from, T* to, bool add)
    {
        for (var o = 0; o < pass.Outer; o++, from += (long)pass.Input * pass.Inner, to += (long)pass.Output * pass.Inner)
        {
            if (pass.Inner == 1) Weigh(pass, from, to, add);
            else Rows(pass, from, to, add);
        }
    }

    /// <summary>Along the last axis, position by position.</summary>
    private static void Weigh(Pass pass, T* from, T* to, bool add)
    {
        var (start, source, weight) = (pass.Start, pass.Source, pass.Weight);
        if (pass.Copies && !add)
        {
            for (var p = 0; p < source.Length; p++) to[p] = from[source[p]];
            return;
        }

        for (var p = 0; p < pass.Output; p++)
        {
            var sum = add ? to[p] : T.Zero;
            for (var e = start[p]; e < start[p + 1]; e++) sum += weight[e] * from[source[e]];
            to[p] = sum;
        }
    }

    private static void Rows(Pass pass, T* from, T* to, bool add)
    {
        for (var p = 0; p < pass.Output; p++, to += pass.Inner)
        {
            var (first, end) = (pass.Start[p], pass.Start[p + 1]);
            if (first == end && !add) new Span<T>(to, pass.Inner).Clear();
            for (var e = first; e < end; e++) Row(from + ((long)pass.Source[e] * pass.Inner), pass.Weight[e], to, pass.Inner, add || e > first);
        }
    }

    private static void Row(T* from, T weight, T* to, int count, bool add)
    {
        var row = new ReadOnlySpan<T>(from, count);
        var sum = new Span<T>(to, count);
        if (add) TensorPrimitives.MultiplyAdd(row, weight, sum, sum);
        else if (weight == T.One) row.CopyTo(sum);
        else TensorPrimitives.Multiply(row, weight, sum);
    }

    private static long Elements(ReadOnlySpan<int> sizes)
    {
        long product = 1;
        foreach (var size in sizes) product *= size;
        return product;
    }

    /// <summary>The map along one axis of a plane [outer, input, inner].</summary>
    private sealed class Pass(AxisTaps taps, int outer, int inner)
    {
        public int Outer { get; } = outer;

        public int Inner { get; } = inner;

        public int Input { get; } = taps.Input;

        public int Output { get; } = taps.Output;

        public bool Copies { get; } = taps.Copies;

        public int[] Start { get; } = taps.Start;

        public int[] Source { get; } = taps.Source;

        public T[] Weight { get; } = [.. taps.Weight.Select(T.CreateTruncating)];
    }
}
