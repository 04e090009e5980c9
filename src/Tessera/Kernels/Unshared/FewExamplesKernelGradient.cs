using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Unshared kernel gradient for few examples: row m of dK[p] = Σ_n G[n, m, p] · patch of n, written once in the order of
/// memory. Gradients too large for any cache are written past it, a stretch at a time:
/// <code>
///   patch [n][c q] · G[n, m, p] ──▸ a few rows, in the first-level cache ▸▸▸▸▸▸▸▸ dK [p][m][c q]
/// </code>
/// A job is a band of output rows.
/// </summary>
internal sealed unsafe class FewExamplesKernelGradient<T, TVector, TLanes> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    private const long StreamedBytes = 24L << 20;

    private readonly FewExamples<T> few;
    private readonly int batch;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int bands;
    private readonly int bandRows;
    private readonly long kernelElements;
    private readonly bool hasUnusedTiles;
    private readonly bool streams;

    public FewExamplesKernelGradient(OperatorGeometry geometry, int batch, bool wide)
    {
        this.batch = batch;
        few = new FewExamples<T>(geometry);
        (inputs, outputs) = (geometry.InputChannels, geometry.OutputChannels);
        kernelElements = geometry.KernelShape.Product;
        hasUnusedTiles = geometry.Tile.Product > geometry.OutputSize.Product;
        streams = wide && kernelElements * sizeof(T) > StreamedBytes;
        (bands, bandRows) = few.Walk.OutputBands(1);
        Stages = hasUnusedTiles ? [1, bands] : [bands];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"unshared for few examples, outer products; {TLanes.Name} lanes along the patch of {few.PatchElements}, bands of {bandRows} rows{(streams ? ", written past the cache" : "")}");

    public override IReadOnlyList<int> Stages { get; }

    public override long WorkerElements => (batch * few.PatchElements) + few.ListElements + RowElements;

    private long RowElements => few.PatchElements + TLanes.Count;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (hasUnusedTiles && stage == 0)
        {
            if (!operands.Accumulate) Clear(operands.Kernel);
            return;
        }

        var walk = few.Walk;
        var row = own + (batch * few.PatchElements);
        var patch = few.Begin(row + RowElements);
        var (firstRow, lastRow) = Shares.Of(walk.OutputRows, bands, job);
        for (var outputRow = firstRow; outputRow < lastRow; outputRow++)
        {
            few.ListRows(ref patch, outputRow);
            var tile = walk.FirstTile(outputRow);
            for (var p = 0; p < walk.Last.Output; p++)
            {
                var clear = few.ListTaps(ref patch, p);
                for (var n = 0; n < batch; n++) few.Pack(patch.Taps, operands.Input + (n * inputs * few.InputPlane), p, clear, own + (n * few.PatchElements));
                Position(operands, operands.Kernel + ((tile + p) * few.KernelStride), ((long)outputRow * walk.Last.Output) + p, own, row);
            }
        }
    }

    private void Position(in Operands<T> operands, T* to, long position, T* patches, T* row)
    {
        foreach (var rows in few.Rows)
        {
            for (var m = rows.First; m < rows.First + rows.Count; m++)
            {
                for (var s = rows.FirstStretch; s < rows.FirstStretch + rows.Stretches; s++)
                {
                    var stretch = few.Stretches[s];
                    var into = streams && !operands.Accumulate ? row : to;
                    for (var n = 0; n < batch; n++)
                    {
                        var g = operands.Output[((((long)n * outputs) + m) * few.OutputPlane) + position];
                        Scale(g, patches + (n * few.PatchElements) + stretch.Start, stretch.Length, into, operands.Accumulate || n > 0);
                    }

                    if (into == row) Stream(row, to, stretch.Length);
                    to += stretch.Length;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(T factor, T* from, nint length, T* to, bool add)
    {
        var f = TLanes.Broadcast(factor);
        nint i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(f, TLanes.Load(from + i), add ? TLanes.Load(to + i) : TLanes.Zero), to + i);
        }

        for (; i < length; i++) to[i] = add ? to[i] + (factor * from[i]) : factor * from[i];
    }

    /// <summary>Copies past the cache; the ends, where a vector would not be whole, are written as usual.</summary>
    private static void Stream(T* from, T* to, nint length)
    {
        nint i = 0;
        for (; i < length && ((nint)(to + i) & 31) != 0; i++) to[i] = from[i];
        for (; i + Vector256<T>.Count <= length; i += Vector256<T>.Count) Vector256.Load(from + i).StoreAlignedNonTemporal(to + i);
        for (; i < length; i++) to[i] = from[i];
    }

    private void Clear(T* kernelGradient)
    {
        const int Part = 1 << 28;
        for (long at = 0; at < kernelElements; at += Part) new Span<T>(kernelGradient + at, (int)Math.Min(Part, kernelElements - at)).Clear();
    }
}
