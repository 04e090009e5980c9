using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Kernel gradient of shared and tiled operators that connect few channels: dK[m, c, q] is the product of G[m] and of
/// V[c] shifted by the tap, column by column (see <see cref="ShiftedBox"/>).
/// <code>
///   G [m] ──▸ in columns, zeros where a column is no position   ─┐ the outputs that see c, four by four
///                                                                ├─▸ sums [pair][tap], a vector each, over all boxes
///   V [c] ──▸ laid out with zeros around, + shift of the tap    ─┘ three taps at a time
/// </code>
/// A job is some input channels of one residue; it takes all examples and boxes in order and adds each vector's lanes
/// up at the end.
/// </summary>
internal sealed unsafe class ShiftedGradient<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int CacheBytes = 256 * 1024;
    private const int SumBytes = 256 * 1024;
    private const int WantedJobs = 8;

    private readonly ShiftedBox?[] parts;
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

    public ShiftedGradient(OperatorGeometry geometry, int batch, int cacheBytes = CacheBytes)
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
        blockStarts = Cut();
        foreach (var part in parts)
        {
            if (part is null) continue;
            sourceElements = Math.Max(sourceElements, part.SourceElements);
            gradientElements = Math.Max(gradientElements, (long)outputsPerGroup * part.Columns);
            rowElements = Math.Max(rowElements, (long)part.ResultRows * sizeof(ShiftedRow) / sizeof(T));
        }

        for (var b = 0; b + 1 < blockStarts.Length; b++) sumElements = Math.Max(sumElements, (long)(firstSlot[blockStarts[b + 1]] - firstSlot[blockStarts[b]]) * volume * TLanes.Count);
        Stages = [checked(parts.Length * (blockStarts.Length - 1))];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"products of shifted planes, {TLanes.Name} vectors, {parts.Length} residues, boxes of {parts.First(part => part is not null)!.Columns} columns, {blockStarts.Length - 1} blocks of input channels");

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
            for (var n = 0; n < batch; n++)
            {
                for (var box = 0; box < part.Boxes; box++) AddBox(part, n, box, first, end, operands, own, sums);
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

    private void AddBox(ShiftedBox part, int n, int box, int first, int end, in Operands<T> operands, T* own, T* sums)
    {
        var gradients = own + sourceElements;
        var rows = (ShiftedRow*)(gradients + gradientElements);
        var starts = stackalloc int[mostRows];
        part.ListRows(box, rows);
        var group = -1;
        for (var c = first; c < end; c++)
        {
            var count = firstSlot[c + 1] - firstSlot[c];
            if (count == 0) continue;
            if (c / inputsPerGroup != group)
            {
                group = c / inputsPerGroup;
                Gather(part, rows, operands.Output + ((((long)n * outputs) + (group * outputsPerGroup)) * outputPlane), gradients);
            }

            part.LayOut<TVector, T, TLanes>(operands.Input + ((((long)n * inputs) + c) * inputPlane), box, own);
            for (var i = 0; i < count; i++) starts[i] = slotOutputs[firstSlot[c] + i] * part.Columns;
            for (var run = 0; run < part.Runs; run++)
            {
                ShiftedProduct<T, TVector, TLanes>.Run(
                    gradients + ((long)run * part.Vectors * TLanes.Count), starts, count, own + part.RunStart(run), part.Taps.Lane, volume, part.Vectors, sums, (long)volume * TLanes.Count);
            }

            sums += (long)count * volume * TLanes.Count;
        }
    }

    /// <summary>The output gradient of a group in columns.</summary>
    private void Gather(ShiftedBox part, ShiftedRow* rows, T* from, T* to)
    {
        int columns = part.Columns, step = part.ResultStep;
        var end = rows + part.ResultRows;
        for (var m = 0; m < outputsPerGroup; m++, from += outputPlane, to += columns)
        {
            new Span<T>(to, columns).Clear();
            for (var row = rows; row < end; row++)
            {
                if (row->Length > 0) Dense.RowCopy<TVector, T, TLanes>.Copy(from + row->Result, step, to + row->Column, row->Length);
            }
        }
    }

    /// <summary>Cuts the input channels into blocks whose sums fit, and further until there are jobs enough.</summary>
    private int[] Cut()
    {
        var most = Math.Max(1, SumBytes / (sizeof(T) * TLanes.Count * volume));
        most = Math.Min(most, Math.Max(1, (int)((long)slotPairs.Length * parts.Length / WantedJobs)));
        var starts = new List<int> { 0 };
        for (var c = 1; c < inputs; c++)
        {
            if (firstSlot[c + 1] - firstSlot[starts[^1]] > most) starts.Add(c);
        }

        starts.Add(inputs);
        return [.. starts];
    }
}
