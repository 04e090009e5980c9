using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Kernel gradient of shared and tiled operators that connect few channels: dK[m, c, q] is the product of G[m] and of
/// V[c] shifted by the tap, column by column (see <see cref="ShiftedBox"/>).
/// <code>
///   G [m] ──▸ in columns, zeros where a column is no position   ─┐ the outputs that see c, eight by eight
///                                                                ├─▸ sums [pair][tap], a vector each, over all boxes
///   V [c] ──▸ laid out with zeros around, + shift of the tap    ─┘ three taps at a time
/// </code>
/// Small planes are taken several examples at once. Where few outputs see an input (depthwise), rows are streamed
/// instead, G read in place (see <see cref="RowStreamGradient{TVector, T, TLanes}"/>).
/// A job is some input channels of one residue; it takes all examples and boxes in order and adds each vector's lanes
/// up at the end.
/// </summary>
internal sealed unsafe class ShiftedGradient<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int CacheBytes = 256 * 1024;
    private const int SumBytes = 512 * 1024;
    private const int LineBytes = 64;
    private const int FetchedBytes = 4096;
    // The part of the buffers that several examples of small planes may fill, to stay in the first-level cache.
    private const int FirstLevelShare = 7;

    // From so many rows of G on, a load of the source serves enough of them.
    private const int UnstreamedRows = 4;

    private readonly ShiftedBox?[] parts;
    private readonly RowStreamGradient<TVector, T, TLanes>?[] streams;
    private readonly int[] examplesAtOnce;
    private readonly int batch;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int inputsPerGroup;
    private readonly int outputsPerGroup;
    private readonly long inputPlane;
    private readonly long outputPlane;
    private readonly int volume;
    private readonly int pairCount;
    private readonly int[] firstSlot;
    private readonly int[] slotOutputs;
    private readonly int[] slotPairs;
    private readonly int[] blockStarts;
    private readonly int sourceElements;
    private readonly long gradientElements;
    private readonly long rowElements;
    private readonly long sumElements;
    private readonly int mostRows;

    /// <param name="geometry">The operator.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="wantedJobs">How many blocks the input channels are cut into at least; each lays G out for itself.</param>
    /// <param name="cacheBytes">What planes laid out may take.</param>
    public ShiftedGradient(OperatorGeometry geometry, int batch, int wantedJobs = Shares.LeastJobs, int cacheBytes = CacheBytes)
    {
        this.batch = batch;
        (inputs, outputs) = (geometry.InputChannels, geometry.OutputChannels);
        (inputsPerGroup, outputsPerGroup) = (inputs / geometry.Groups, outputs / geometry.Groups);
        (inputPlane, outputPlane) = (geometry.InputSize.Product, geometry.OutputSize.Product);
        volume = (int)geometry.KernelSize.Product;
        pairCount = geometry.PairCount;
        var seenBy = new List<(int Output, int Pair)>[inputs];
        for (var c = 0; c < inputs; c++) seenBy[c] = [];
        for (var m = 0; m < outputs; m++)
        {
            for (var i = 0; i < geometry.FanIn(m); i++) seenBy[geometry.InputChannel(m, i)].Add((m % outputsPerGroup, geometry.FirstPair(m) + i));
        }

        firstSlot = new int[inputs + 1];
        for (var c = 0; c < inputs; c++) firstSlot[c + 1] = firstSlot[c] + seenBy[c].Count;
        slotOutputs = [.. seenBy.SelectMany(list => list, (_, one) => one.Output)];
        slotPairs = [.. seenBy.SelectMany(list => list, (_, one) => one.Pair)];
        mostRows = seenBy.Max(list => list.Count);

        parts = [.. TapConvolution.Forward(geometry).Select(part => part.Positions == 0 ? null : new ShiftedBox(part, TLanes.Count, outputsPerGroup, cacheBytes / sizeof(T), 1))];
        streams = [.. parts.Select(part => part is null || mostRows >= UnstreamedRows ? null : RowStreamGradient<TVector, T, TLanes>.TryMake(part))];
        examplesAtOnce = new int[parts.Length];
        blockStarts = Cut(wantedJobs);
        // The rows of G that a table has are beyond the first level anyhow.
        var room = (geometry.Table is null ? cacheBytes / FirstLevelShare : cacheBytes) / sizeof(T);
        for (var p = 0; p < parts.Length; p++)
        {
            if (parts[p] is not { } part) continue;
            var columns = streams[p] is null ? part.Columns : (long)part.ResultRows * Padded(part.RowLength);
            var examples = streams[p] is null ? (int)Math.Clamp(room / (part.SourceElements + (columns * outputsPerGroup)), 1, batch) : 1;
            examplesAtOnce[p] = examples;
            sourceElements = Math.Max(sourceElements, checked(part.SourceElements * examples));
            gradientElements = Math.Max(gradientElements, columns * (streams[p] is null ? outputsPerGroup * examples : 1));
            rowElements = Math.Max(rowElements, ((part.ResultRows * (long)sizeof(ShiftedRow)) + (((examples * (long)part.Runs) + mostRows) * sizeof(int)) + LineBytes - 1) / LineBytes * (LineBytes / sizeof(T)));
        }

        for (var b = 0; b + 1 < blockStarts.Length; b++) sumElements = Math.Max(sumElements, (long)(firstSlot[blockStarts[b + 1]] - firstSlot[blockStarts[b]]) * volume * TLanes.Count);
        Stages = [checked(parts.Length * (blockStarts.Length - 1))];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"products of shifted planes{(streams.Any(stream => stream is not null) ? ", rows streamed" : "")}, {TLanes.Name} vectors, {parts.Length} residues, boxes of {parts.First(part => part is not null)!.Columns} columns of {examplesAtOnce.Max()} examples, {blockStarts.Length - 1} blocks of input channels");

    /// <summary>The share of the columns that are positions.</summary>
    public double Fill => (double)parts.Sum(part => part?.Part.Positions ?? 0) / Math.Max(1, parts.Sum(part => part is null ? 0 : (long)part.Columns * part.Boxes));

    public override long WorkerElements => sourceElements + gradientElements + rowElements + sumElements;

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var residue = Math.DivRem(job, blockStarts.Length - 1, out var block);
        int first = blockStarts[block], end = blockStarts[block + 1];
        var sums = own + sourceElements + gradientElements + rowElements;
        new Span<T>(sums, checked((firstSlot[end] - firstSlot[first]) * volume * TLanes.Count)).Clear();
        if (parts[residue] is { } part)
        {
            var atOnce = examplesAtOnce[residue];
            for (var n = 0; n < batch; n += atOnce)
            {
                for (var box = 0; box < part.Boxes; box++)
                {
                    if (streams[residue] is { } stream) StreamBox(stream, part, n, box, first, end, operands, own, sums);
                    else AddBox(residue, part, n, Math.Min(atOnce, batch - n), box, first, end, operands, own, sums);
                }
            }
        }

        for (var slot = firstSlot[first]; slot < firstSlot[end]; slot++)
        {
            var to = operands.Kernel + ((((long)residue * pairCount) + slotPairs[slot]) * volume);
            for (var tap = 0; tap < volume; tap++, sums += TLanes.Count)
            {
                var sum = TLanes.Sum(TLanes.Load(sums));
                to[tap] = operands.Accumulate ? to[tap] + sum : sum;
            }
        }
    }

    private void AddBox(int residue, ShiftedBox part, int n, int examples, int box, int first, int end, in Operands<T> operands, T* own, T* sums)
    {
        var gradients = own + sourceElements;
        var rows = (ShiftedRow*)(gradients + gradientElements);
        var runStarts = (int*)(rows + part.ResultRows);
        var starts = runStarts + (examples * part.Runs);
        part.ListRows(box, rows);
        for (var e = 0; e < examples; e++)
        {
            for (var run = 0; run < part.Runs; run++) runStarts[(e * part.Runs) + run] = (e * part.SourceElements) + part.RunStart(run);
        }

        var runs = new ShiftedRuns<T>(own, runStarts, examples * part.Runs, part.Vectors);
        var columns = examples * part.Columns;
        int group = -1, laidOut = 0;
        // Rows of G and planes of the source take each other's places: what is zero stays so, also from some examples to as many others where boxes are whole planes.
        if (n == 0 || part.Boxes > 1 || examples != examplesAtOnce[residue]) new Span<T>(gradients, outputsPerGroup * columns).Clear();
        for (var c = first; c < end; c++)
        {
            var count = firstSlot[c + 1] - firstSlot[c];
            if (count == 0) continue;
            if (c / inputsPerGroup != group)
            {
                group = c / inputsPerGroup;
                for (var m = 0; m < outputsPerGroup; m++)
                {
                    for (var e = 0; e < examples; e++)
                    {
                        Gather(part, rows, operands.Output + (((((long)n + e) * outputs) + (group * outputsPerGroup) + m) * outputPlane), gradients + ((long)m * columns) + (e * part.Columns));
                    }
                }
            }

            for (var e = 0; e < examples; e++) part.LayOut<TVector, T, TLanes>(operands.Input + (((((long)n + e) * inputs) + c) * inputPlane), box, own + (e * part.SourceElements), zeros: laidOut == 0);
            laidOut++;
            if (c + 1 < end) Fetch(n, examples, c + 1, operands);
            for (var i = 0; i < count; i++) starts[i] = slotOutputs[firstSlot[c] + i] * columns;
            ShiftedProduct<T, TVector, TLanes>.Run(gradients, starts, count, runs, part.Taps.Lane, volume, sums, (nint)volume * TLanes.Count);
            sums += (long)count * volume * TLanes.Count;
        }
    }

    /// <summary>Asks for what the next channel reads, and for its share of what the next group does: planes of several examples are too short for the processor to see what comes next.</summary>
    private void Fetch(int n, int examples, int c, in Operands<T> operands)
    {
        if (inputPlane * sizeof(T) > FetchedBytes) return;
        var share = ((outputsPerGroup * outputPlane) + inputsPerGroup - 1) / inputsPerGroup;
        Prefetch.Rows(operands.Input + ((((long)n * inputs) + c) * inputPlane), (nint)(inputs * inputPlane), examples, (int)inputPlane);
        for (var e = 0; e < examples; e++)
        {
            Prefetch.Elements(operands.Output + (((((long)n + e) * outputs) + ((c / inputsPerGroup + 1) * outputsPerGroup)) * outputPlane) + (c % inputsPerGroup * share), share);
        }
    }

    /// <summary>As <see cref="AddBox"/>, for one example, row by row.</summary>
    private void StreamBox(RowStreamGradient<TVector, T, TLanes> stream, ShiftedBox part, int n, int box, int first, int end, in Operands<T> operands, T* own, T* sums)
    {
        var gradients = own + sourceElements;
        var rows = (ShiftedRow*)(gradients + gradientElements);
        part.ListRows(box, rows);
        int count = 0, length = rows->Length;
        while (count < part.ResultRows && rows[count].Length > 0) count++;
        var inPlace = part.ResultStep == 1 && length >= TLanes.Count;
        var padded = Padded(length);
        if (!inPlace) new Span<T>(gradients, count * padded).Clear();
        var pitch = count == 1 ? 0 : (nint)(rows[1].Result - rows[0].Result);
        for (var c = first; c < end; c++)
        {
            part.LayOut<TVector, T, TLanes>(operands.Input + ((((long)n * inputs) + c) * inputPlane), box, own, zeros: c == first);
            for (var slot = firstSlot[c]; slot < firstSlot[c + 1]; slot++)
            {
                var from = operands.Output + ((((long)n * outputs) + (c / inputsPerGroup * outputsPerGroup) + slotOutputs[slot]) * outputPlane);
                if (inPlace)
                {
                    stream.Run(own, from + rows->Result, pitch, count, length, sums);
                }
                else
                {
                    for (var row = 0; row < count; row++) Dense.RowCopy<TVector, T, TLanes>.Copy(from + rows[row].Result, part.ResultStep, gradients + (row * padded), length);
                    stream.Run(own, gradients, padded, count, padded, sums);
                }

                sums += volume * TLanes.Count;
            }
        }
    }

    /// <summary>A plane of the output gradient in columns, between the zeros that stand there.</summary>
    private static void Gather(ShiftedBox part, ShiftedRow* rows, T* from, T* to)
    {
        var end = rows + part.ResultRows;
        for (var row = rows; row < end; row++)
        {
            if (row->Length > 0) Dense.RowCopy<TVector, T, TLanes>.Copy(from + row->Result, part.ResultStep, to + row->Column, row->Length);
        }
    }

    /// <summary>A length in whole vectors.</summary>
    private static int Padded(int length) => (length + TLanes.Count - 1) / TLanes.Count * TLanes.Count;

    /// <summary>Cuts the input channels into blocks of about as many pairs each, so many that their sums fit and that there are jobs enough; an odd number could not be shared by two threads.</summary>
    private int[] Cut(int wantedJobs)
    {
        var blocks = Math.Max(Shares.Up(slotPairs.Length * (long)volume * TLanes.Count * sizeof(T), SumBytes), Shares.Up(wantedJobs, parts.Length));
        if (blocks > 1) blocks += blocks & 1;
        var starts = new List<int> { 0 };
        for (var c = 1; c < inputs; c++)
        {
            if (firstSlot[c] * (long)blocks >= slotPairs.Length * (long)starts.Count && firstSlot[c] > firstSlot[starts[^1]]) starts.Add(c);
        }

        starts.Add(inputs);
        return [.. starts];
    }
}
