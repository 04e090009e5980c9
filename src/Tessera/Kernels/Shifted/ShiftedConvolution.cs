using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Forward and input gradient of shared and tiled depthwise operators, whose groups have one input channel. Nothing is
/// unfolded: a tap is the same source, shifted (see <see cref="ShiftedBox"/>).
/// <code>
///   source [n][c] ──▸ laid out with zeros around [c][phase][rows][x], in cache
///                        │ + shift of the tap
///   weights of a group ──▸ product ──▸ sums [4 rows][columns], in the first-level cache ──▸ result rows
/// </code>
/// Where every result channel sees one source channel, planes of enough columns are streamed from the source
/// as it is laid out into the result itself (see <see cref="RowStream{TVector, T, TLanes}"/>), without sums between.
/// A first stage lays the weights out tap by tap. A job is a box of an example, for some groups.
/// </summary>
internal sealed unsafe class ShiftedConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int CacheBytes = 320 * 1024;
    private const int WantedJobs = 16;
    private const int RowsAtOnce = 4;

    private readonly bool transposed;
    private readonly ShiftedBox[] parts;
    private readonly RowStream<TVector, T, TLanes>?[] streams;
    private readonly int[] firstJob;
    private readonly long[] packed;
    private readonly int[][] scalars;
    private readonly int[] sourceLanes;
    private readonly int sourceStride;
    private readonly int sumElements;
    private readonly int rowElements;
    private readonly int groupsPerJob;
    private readonly int groupBlocks;
    private readonly int batch;
    private readonly int groups;
    private readonly int pairs;
    private readonly int sources;
    private readonly int results;
    private readonly long sourcePlane;
    private readonly long resultPlane;
    private readonly int volume;
    private readonly nint[][] elements;

    public ShiftedConvolution(OperatorGeometry geometry, int batch, bool transposed, int cacheBytes = CacheBytes)
    {
        this.transposed = transposed;
        this.batch = batch;
        (groups, pairs) = (geometry.Groups, geometry.PairCount);
        (sources, results) = transposed ? (pairs / groups, 1) : (1, pairs / groups);
        (sourcePlane, resultPlane) = (geometry.InputSize.Product, geometry.OutputSize.Product);
        if (transposed) (sourcePlane, resultPlane) = (resultPlane, sourcePlane);
        volume = (int)geometry.KernelSize.Product;
        var all = TapConvolution.Written(geometry, transposed);
        var jobsElsewhere = (long)all.Length * batch * groups;
        var leastBoxes = (int)((WantedJobs + jobsElsewhere - 1) / jobsElsewhere);
        parts = [.. all.Select(part => new ShiftedBox(part, TLanes.Count, sources, cacheBytes / sizeof(T), leastBoxes))];
        streams = [.. parts.Select(part => sources == 1 ? RowStream<TVector, T, TLanes>.TryMake(part) : null)];
        elements = [.. all.Select(part => part.KernelPlaces(geometry))];
        groupsPerJob = (int)Math.Clamp(groups * (long)all.Length * batch / WantedJobs, 1, groups);
        groupBlocks = Shares.Up(groups, groupsPerJob);
        firstJob = new int[parts.Length + 1];
        packed = new long[parts.Length + 1];
        scalars = new int[parts.Length][];
        for (var p = 0; p < parts.Length; p++)
        {
            firstJob[p + 1] = checked(firstJob[p] + (parts[p].Boxes * batch * groupBlocks));
            packed[p + 1] = packed[p] + ((long)pairs * parts[p].Part.TapCount);
            sourceStride = Math.Max(sourceStride, parts[p].SourceElements);
            sumElements = Math.Max(sumElements, RowsAtOnce * parts[p].Columns);
            rowElements = Math.Max(rowElements, checked(parts[p].ResultRows * sizeof(ShiftedRow) / sizeof(T)));
            scalars[p] = GC.AllocateUninitializedArray<int>(sources, pinned: true);
            for (var i = 0; i < sources; i++) scalars[p][i] = checked(i * parts[p].Part.TapCount);
        }

        sourceLanes = GC.AllocateUninitializedArray<int>(sources, pinned: true);
        for (var i = 0; i < sources; i++) sourceLanes[i] = checked(i * sourceStride);
        Stages = [parts.Length, firstJob[^1]];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"shifted planes{(streams[0] is null ? "" : ", rows streamed")}, {TLanes.Name} vectors, {parts.Length} {(transposed ? "phases" : "residues")}, boxes of {parts[0].Columns} columns, {groups} groups of {sources} × {results} channels");

    public override long SharedElements => packed[^1];

    public override long WorkerElements => ((long)sources * sourceStride) + sumElements + rowElements;

    public override IReadOnlyList<int> Stages { get; }

    public override bool AddsBias => !transposed;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 0)
        {
            Pack(job, operands.Kernel, shared + packed[job]);
            return;
        }

        var p = Array.BinarySearch(firstJob, job);
        if (p < 0) p = ~p - 1;
        job -= firstJob[p];
        job = Math.DivRem(job, groupBlocks, out var block);
        var n = Math.DivRem(job, parts[p].Boxes, out var box);
        var sums = own + ((long)sources * sourceStride);
        var rows = (ShiftedRow*)(sums + sumElements);
        parts[p].ListRows(box, rows);
        for (var group = block * groupsPerJob; group < Math.Min(groups, (block + 1) * groupsPerJob); group++)
        {
            LayOut(p, box, n, group, operands, own);
            for (var first = 0; first < results; first += RowsAtOnce)
            {
                var count = Math.Min(RowsAtOnce, results - first);
                var result = (group * results) + first;
                var weights = shared + packed[p] + ((long)result * sources * parts[p].Part.TapCount);
                if (streams[p] is { } stream && rows->Length >= TLanes.Count)
                {
                    if (Stream(p, stream, n, result, count, operands, weights, own, sums, rows)) continue;
                }
                else
                {
                    Sum(p, result, count, operands, weights, own, sums);
                }

                Write(p, n, result, count, operands, sums, rows);
            }
        }
    }

    private void LayOut(int p, int box, int n, int group, in Operands<T> operands, T* own)
    {
        var source = (transposed ? operands.Output : operands.Input) + ((((long)n * groups) + group) * sources * sourcePlane);
        for (var c = 0; c < sources; c++) parts[p].LayOut<TVector, T, TLanes>(source + (c * sourcePlane), box, own + ((long)c * sourceStride));
    }

    /// <summary>Result channels that see one source channel: into the result where its rows are whole, else into sums. Whether into the result.</summary>
    private bool Stream(int p, RowStream<TVector, T, TLanes> stream, int n, int result, int count, in Operands<T> operands, T* weights, T* own, T* sums, ShiftedRow* rows)
    {
        var part = parts[p];
        var direct = part.ResultStep == 1 && !operands.Accumulate;
        var to = sums + rows->Column;
        nint pitch = part.ResultRows == 1 ? 0 : rows[1].Column - rows->Column, toChannel = part.Columns;
        if (direct)
        {
            to = Results(n, result, operands) + rows->Result;
            (pitch, toChannel) = (part.ResultRows == 1 ? 0 : (nint)(rows[1].Result - rows->Result), (nint)resultPlane);
        }

        var rowCount = 0;
        while (rowCount < part.ResultRows && rows[rowCount].Length > 0) rowCount++;
        for (var r = 0; r < count; r++, weights += part.Part.TapCount, to += toChannel)
        {
            stream.Run(own, part.RowPitch, weights, operands.Bias == null ? default : operands.Bias[result + r], to, pitch, rowCount, rows->Length);
        }

        return direct;
    }

    private void Sum(int p, int result, int count, in Operands<T> operands, T* weights, T* own, T* sums)
    {
        var part = parts[p];
        var taps = part.Taps;
        var rows = stackalloc int[RowsAtOnce];
        var sumRows = stackalloc int[RowsAtOnce];
        for (var r = 0; r < count; r++)
        {
            (rows[r], sumRows[r]) = (r * sources * taps.Count, r * part.Columns);
            if (operands.Bias != null) new Span<T>(sums + sumRows[r], part.Columns).Fill(operands.Bias[result + r]);
        }

        fixed (int* scalar = scalars[p], lane = sourceLanes)
        {
            var list = new Terms(scalar, lane, sources);
            for (var run = 0; run < part.Runs; run++)
            {
                BroadcastProduct<T, TVector, TLanes>.Run(weights, rows, count, own + part.RunStart(run), list, taps, sums + ((long)run * part.Vectors * TLanes.Count), sumRows, part.Vectors, operands.Bias != null);
            }
        }
    }

    private void Write(int p, int n, int result, int count, in Operands<T> operands, T* sums, ShiftedRow* rows)
    {
        var part = parts[p];
        var to = Results(n, result, operands);
        for (var r = 0; r < count; r++, to += resultPlane, sums += part.Columns)
        {
            for (var row = rows; row < rows + part.ResultRows; row++)
            {
                if (row->Length == 0) continue;
                if (operands.Accumulate) RowSpread<TVector, T, TLanes>.Add(sums + row->Column, to + row->Result, part.ResultStep, row->Length);
                else RowSpread<TVector, T, TLanes>.Store(sums + row->Column, to + row->Result, part.ResultStep, row->Length);
            }
        }
    }

    private T* Results(int n, int result, in Operands<T> operands) => (transposed ? operands.Input : operands.Output) + ((((long)n * groups * results) + result) * resultPlane);

    /// <summary>Lays the weights of one part out by pair and tap.</summary>
    private void Pack(int p, T* kernel, T* to)
    {
        for (var pair = 0; pair < pairs; pair++, kernel += volume)
        {
            foreach (var element in elements[p]) *to++ = kernel[element];
        }
    }
}
