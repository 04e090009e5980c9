using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Unshared input gradient for few examples: patch of n += G[n, m, p] · row m of K[p], then the patch is added to dV.
/// <code>
///   K [p]  m ▸▸▸▸▸▸▸▸▸▸▸▸ c q
///            ▸▸▸▸▸▸▸▸▸▸▸▸       · G [n, m, p] ──▸ patch [n][c q] ──▸ band's own rows [n][c][rows][x] ──▸ dV
/// </code>
/// A job is a band of the outermost axis of the output. Bands overlap in the input, so each adds into memory of its own;
/// a second stage adds the bands up, always in their order.
/// </summary>
internal sealed unsafe class FewExamplesInputGradient<T, TVector, TLanes> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    private const int WantedBands = 8;

    private readonly FewExamples<T> few;
    private readonly int batch;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int bands;
    private readonly int bandRows;
    private readonly int innerRows;
    private readonly (int First, int End)[] reads;
    private readonly long[] bandStarts;

    public FewExamplesInputGradient(OperatorGeometry geometry, int batch)
    {
        this.batch = batch;
        few = new FewExamples<T>(geometry);
        (inputs, outputs) = (geometry.InputChannels, geometry.OutputChannels);
        var walk = few.Walk;
        var axis = geometry.Axes[0];
        var cut = geometry.Axes.Length == 1 ? 1 : axis.Output;
        innerRows = walk.OutputRows / cut;
        bandRows = Math.Max(Math.Min(cut, axis.DilatedKernel), (cut + WantedBands - 1) / WantedBands);
        bands = (cut + bandRows - 1) / bandRows;
        reads = new (int, int)[bands];
        bandStarts = new long[bands + 1];
        for (var b = 0; b < bands; b++)
        {
            reads[b] = geometry.Axes.Length == 1 ? (0, 1) : walk.Reads(b * bandRows, Math.Min(cut, (b + 1) * bandRows));
            bandStarts[b + 1] = bandStarts[b] + ((long)batch * inputs * (reads[b].End - reads[b].First) * RowElements);
        }

        Stages = [bands, batch * inputs];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"unshared for few examples, sums of rows of weights; {TLanes.Name} lanes along the patch of {few.PatchElements}, {bands} bands added up in order");

    public override IReadOnlyList<int> Stages { get; }

    public override long SharedElements => bandStarts[^1];

    public override long WorkerElements => (batch * few.PatchElements) + few.ListElements;

    /// <summary>Elements of an input channel for one coordinate of the outermost axis.</summary>
    private long RowElements => few.InputPlane / few.Walk.BandRows;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 0) Band(job, operands, shared + bandStarts[job], own);
        else AddUp(job, operands, shared);
    }

    private void Band(int band, in Operands<T> operands, T* sums, T* own)
    {
        var walk = few.Walk;
        var plane = (reads[band].End - reads[band].First) * RowElements;
        Clear(sums, batch * inputs * plane);
        var patch = few.Begin(own + (batch * few.PatchElements));
        for (var row = band * bandRows * innerRows; row < Math.Min(walk.OutputRows, (band + 1) * bandRows * innerRows); row++)
        {
            few.ListRows(ref patch, row);
            var tile = walk.FirstTile(row);
            for (var p = 0; p < walk.Last.Output; p++)
            {
                few.ListTaps(ref patch, p);
                Clear(own, batch * few.PatchElements);
                Position(operands, operands.Kernel + ((tile + p) * few.KernelStride), ((long)row * walk.Last.Output) + p, own);
                for (var n = 0; n < batch; n++)
                {
                    few.Spread(patch.Taps, own + (n * few.PatchElements), p, sums + (n * inputs * plane) - (reads[band].First * RowElements), plane);
                }
            }
        }
    }

    private void Position(in Operands<T> operands, T* weights, long position, T* patches)
    {
        foreach (var rows in few.Rows)
        {
            for (var m = rows.First; m < rows.First + rows.Count; m++, weights += rows.Length)
            {
                for (var n = 0; n < batch; n++)
                {
                    var g = operands.Output[((((long)n * outputs) + m) * few.OutputPlane) + position];
                    Add(g, weights, rows, patches + (n * few.PatchElements));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(T g, T* row, in PatchRows rows, T* patch)
    {
        var factor = TLanes.Broadcast(g);
        for (var s = rows.FirstStretch; s < rows.FirstStretch + rows.Stretches; s++)
        {
            var stretch = few.Stretches[s];
            var to = patch + stretch.Start;
            nint i = 0, length = stretch.Length;
            for (; i + (4 * TLanes.Count) <= length; i += 4 * TLanes.Count)
            {
                Prefetch.Ahead(row + i);
                Add(factor, row + i, to + i);
                Add(factor, row + i + TLanes.Count, to + i + TLanes.Count);
                Add(factor, row + i + (2 * TLanes.Count), to + i + (2 * TLanes.Count));
                Add(factor, row + i + (3 * TLanes.Count), to + i + (3 * TLanes.Count));
            }

            for (; i + TLanes.Count <= length; i += TLanes.Count) Add(factor, row + i, to + i);
            for (; i < length; i++) to[i] += g * row[i];
            row += length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(TVector factor, T* from, T* to) => TLanes.Store(TLanes.MultiplyAdd(factor, TLanes.Load(from), TLanes.Load(to)), to);

    /// <summary>Adds the bands' parts of one channel of one example up.</summary>
    private void AddUp(int channel, in Operands<T> operands, T* shared)
    {
        var to = operands.Input + (channel * few.InputPlane);
        if (!operands.Accumulate) Clear(to, few.InputPlane);
        for (var band = 0; band < bands; band++)
        {
            var plane = (int)((reads[band].End - reads[band].First) * RowElements);
            var into = new Span<T>(to + (reads[band].First * RowElements), plane);
            TensorPrimitives.Add(into, new ReadOnlySpan<T>(shared + bandStarts[band] + ((long)channel * plane), plane), into);
        }
    }

    private static void Clear(T* from, long count) => new Span<T>(from, checked((int)count)).Clear();
}
