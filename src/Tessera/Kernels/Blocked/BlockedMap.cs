using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels.Resampling;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// A fixed linear map of each plane, axis by axis: a resizing, an upsampling or a border. Every position of the result is a sum of vectors of channels, by
/// the products of both axes' weights; where each has one input of weight 1, a copy; without inputs, zero.
/// </summary>
internal sealed unsafe class BlockedMap<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int RowsOfJob = 16;

    private readonly AxisTaps rows;
    private readonly AxisTaps columns;
    private readonly T[] rowWeights;
    private readonly T[] columnWeights;
    private readonly bool columnsCopy;
    private readonly int blocks;
    private readonly int rowBlocks;

    public BlockedMap(AxisTaps rows, AxisTaps columns, int batch, int channels)
    {
        (this.rows, this.columns) = (rows, columns);
        rowWeights = [.. rows.Weight.Select(T.CreateTruncating)];
        columnWeights = [.. columns.Weight.Select(T.CreateTruncating)];
        columnsCopy = columns.Copies;
        blocks = (channels + TLanes.Count - 1) / TLanes.Count;
        rowBlocks = (rows.Output + RowsOfJob - 1) / RowsOfJob;
        Stages = [checked(batch * blocks * rowBlocks)];
    }

    public override string Name => "blocked map of planes";

    public override int[] Stages { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        job = Math.DivRem(job, rowBlocks, out var rowBlock);
        var example = Math.DivRem(job, blocks, out var block);
        nint sourceRow = (nint)columns.Input * TLanes.Count, resultRow = (nint)columns.Output * TLanes.Count;
        var source = operands.Input + (example * operands.InputExample) + (block * rows.Input * sourceRow);
        var result = operands.Output + (example * operands.OutputExample) + (block * rows.Output * resultRow);
        var (first, end) = Shares.Of(rows.Output, rowBlocks, rowBlock);
        for (var y = first; y < end; y++)
        {
            var to = result + (y * resultRow);
            int row = rows.Start[y], rowEnd = rows.Start[y + 1];
            if (row == rowEnd) new Span<T>(to, (int)resultRow).Clear();
            else if (rowEnd - row == 1 && columnsCopy && rows.Weight[row] == 1) Copy(source + (rows.Source[row] * sourceRow), to);
            else Sum(source, sourceRow, row, rowEnd, to);
            if (operands.Finish.Rectifies) Rectify(to, resultRow, operands.Finish);
            operands.Finish.ApplyRest(to, resultRow);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Copy(T* from, T* to)
    {
        foreach (var x in columns.Source)
        {
            TLanes.Store(TLanes.Load(from + ((nint)x * TLanes.Count)), to);
            to += TLanes.Count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(T* source, nint sourceRow, int row, int rowEnd, T* to)
    {
        for (var x = 0; x < columns.Output; x++, to += TLanes.Count)
        {
            var sum = TLanes.Zero;
            for (var r = row; r < rowEnd; r++)
            {
                var from = source + (rows.Source[r] * sourceRow);
                for (var q = columns.Start[x]; q < columns.Start[x + 1]; q++)
                {
                    sum = TLanes.MultiplyAdd(TLanes.Broadcast(rowWeights[r] * columnWeights[q]), TLanes.Load(from + ((nint)columns.Source[q] * TLanes.Count)), sum);
                }
            }

            TLanes.Store(sum, to);
        }
    }

    private static void Rectify(T* values, nint count, Finish<T> finish)
    {
        for (nint i = 0; i < count; i += TLanes.Count)
        {
            var x = TLanes.Max(TLanes.Zero, TLanes.Load(values + i));
            if (finish.IsBounded) x = TLanes.Min(TLanes.Broadcast(finish.Bound), x);
            TLanes.Store(x, values + i);
        }
    }
}
