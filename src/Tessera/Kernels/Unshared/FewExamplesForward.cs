using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Unshared forward for few examples, lanes along the patch: Z[n, m, p] = row m of K[p] · patch of n. A row serves every
/// example while it is in the cache. A job is a band of output rows.
/// <code>
///   K [p]  m ▸▸▸▸▸▸▸▸▸▸▸▸ c q    · patch [n][c q]  ──▸  a sum for each n
///            ▸▸▸▸▸▸▸▸▸▸▸▸
/// </code>
/// </summary>
internal sealed unsafe class FewExamplesForward<T, TVector, TLanes> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly FewExamples<T> few;
    private readonly int batch;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int bands;
    private readonly int bandRows;

    public FewExamplesForward(OperatorGeometry geometry, int batch)
    {
        this.batch = batch;
        few = new FewExamples<T>(geometry);
        (inputs, outputs) = (geometry.InputChannels, geometry.OutputChannels);
        (bands, bandRows) = few.Walk.OutputBands(1);
        Stages = [bands];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"unshared for few examples, dot products with rows of weights; {TLanes.Name} lanes along the patch of {few.PatchElements}, bands of {bandRows} rows");

    public override IReadOnlyList<int> Stages { get; }

    public override long WorkerElements => (batch * few.PatchElements) + few.ListElements;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var walk = few.Walk;
        var patch = few.Begin(own + (batch * few.PatchElements));
        var (firstRow, lastRow) = Shares.Of(walk.OutputRows, bands, job);
        for (var row = firstRow; row < lastRow; row++)
        {
            few.ListRows(ref patch, row);
            var tile = walk.FirstTile(row);
            for (var p = 0; p < walk.Last.Output; p++)
            {
                var clear = few.ListTaps(ref patch, p);
                for (var n = 0; n < batch; n++) few.Pack(patch.Taps, operands.Input + (n * inputs * few.InputPlane), p, clear, own + (n * few.PatchElements));
                Position(operands, operands.Kernel + ((tile + p) * few.KernelStride), ((long)row * walk.Last.Output) + p, own);
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
                    var sum = Dot(weights, rows, patches + (n * few.PatchElements));
                    var to = operands.Output + ((((long)n * outputs) + m) * few.OutputPlane) + position;
                    *to = operands.Accumulate ? *to + sum : sum;
                }
            }
        }
    }

    // One row at a time: memory is read in one stream, fetched far ahead.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private T Dot(T* row, in PatchRows rows, T* patch)
    {
        TVector s0 = TLanes.Zero, s1 = s0, s2 = s0, s3 = s0;
        var rest = T.Zero;
        for (var s = rows.FirstStretch; s < rows.FirstStretch + rows.Stretches; s++)
        {
            var stretch = few.Stretches[s];
            var from = patch + stretch.Start;
            nint i = 0, length = stretch.Length;
            for (; i + (4 * TLanes.Count) <= length; i += 4 * TLanes.Count)
            {
                Prefetch.Ahead(row + i);
                s0 = TLanes.MultiplyAdd(TLanes.Load(row + i), TLanes.Load(from + i), s0);
                s1 = TLanes.MultiplyAdd(TLanes.Load(row + i + TLanes.Count), TLanes.Load(from + i + TLanes.Count), s1);
                s2 = TLanes.MultiplyAdd(TLanes.Load(row + i + (2 * TLanes.Count)), TLanes.Load(from + i + (2 * TLanes.Count)), s2);
                s3 = TLanes.MultiplyAdd(TLanes.Load(row + i + (3 * TLanes.Count)), TLanes.Load(from + i + (3 * TLanes.Count)), s3);
            }

            for (; i + TLanes.Count <= length; i += TLanes.Count) s0 = TLanes.MultiplyAdd(TLanes.Load(row + i), TLanes.Load(from + i), s0);
            for (; i < length; i++) rest += row[i] * from[i];
            row += length;
        }

        return rest + TLanes.Sum(TLanes.Add(TLanes.Add(s0, s1), TLanes.Add(s2, s3)));
    }
}
