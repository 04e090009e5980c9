using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Combines inputs element by element, each repeated to the output's shape. The output is gone through in pieces that stay in the
/// nearest cache; an input is read where it stands, as one number, or, where rows are short, gathered first. The gradient of an input that is
/// repeated is summed over its repetitions: stretches of the output, cut by the shapes alone, sum into parts of their own, which are then
/// added in order.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class BroadcastExecution<T, TFunction>(Sizes output, IReadOnlyList<Sizes> shapes) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TFunction : struct, IBroadcastFunction<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;
    private const int AddStage = 2;

    private const int MostParts = 16;
    private const int LongRow = Chunks.Elements / 4;

    private readonly BroadcastAxes axes = new(output, [.. shapes]);
    private readonly int inputs = shapes.Count;
    private int input;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => TFunction.BackwardReadsInputs ? Overlay.Overwrite : Overlay.View;

    public override bool BackwardReadsInputs => TFunction.BackwardReadsInputs;

    public override long SharedElements => Enumerable.Range(0, inputs).Max(input => Parts(input) > 1 ? Parts(input) * axes.Elements[input] : 0);

    public override void Forward() => Run(ForwardStage, Chunks.Jobs(axes.Count));

    public override void Backward()
    {
        // An input's gradient that takes the place of the output's comes last; any other order must be the inputs' own.
        var takesOver = Memory.InputGradients[0] == Memory.OutputGradient;
        for (var i = takesOver ? 1 : 0; i < inputs; i++) Backward(i);
        if (takesOver) Backward(0);
    }

    protected override void Execute(int stage, int job)
    {
        if (stage == ForwardStage)
        {
            var jobs = Chunks.Jobs(axes.Count);
            Forward(axes.Count * job / jobs, axes.Count * (job + 1) / jobs);
        }
        else if (stage == BackwardStage)
        {
            var parts = axes.IsWhole[input] ? Chunks.Jobs(axes.Count) : Parts(input);
            Backward(axes.Count * job / parts, axes.Count * (job + 1) / parts, job);
        }
        else
        {
            AddParts(job);
        }
    }

    /// <summary>Into how many parts an input's gradient is summed: as many as there is work for, and the adding of them is little.</summary>
    private int Parts(int input) => axes.IsWhole[input] ? 1
        : (int)Math.Clamp(Math.Min(Chunks.Jobs(axes.Count), axes.Count / (4 * axes.Elements[input])), 1, MostParts);

    private void Forward(long start, long end)
    {
        T* first = stackalloc T[Chunks.Elements], second = stackalloc T[Chunks.Elements];
        for (int length; start < end; start += length)
        {
            length = Piece(start, end);
            var z = new Span<T>(Memory.Output + start, length);
            var x = Row(0, start, length, first, out var isNumber);
            if (isNumber)
            {
                TFunction.Forward(x[0], WholeRow(1, start, length, second), z);
            }
            else
            {
                Combine(x, 1, start, second, z);
            }

            for (var i = 2; i < inputs; i++) Combine(z, i, start, second, z);
            if (TFunction.Decays) Subnormals.Flush(z);
        }
    }

    private void Combine(ReadOnlySpan<T> x, int other, long start, T* scratch, Span<T> z)
    {
        var y = Row(other, start, z.Length, scratch, out var isNumber);
        if (isNumber) TFunction.Forward(x, y[0], z);
        else TFunction.Forward(x, y, z);
    }

    private void Backward(int i)
    {
        if (Memory.InputGradients[i] == null || (!TFunction.BackwardReadsInputs && i == 0 && Memory.InputGradients[0] == Memory.OutputGradient)) return;
        input = i;
        Run(BackwardStage, axes.IsWhole[i] ? Chunks.Jobs(axes.Count) : Parts(i));
        if (Parts(i) > 1) Run(AddStage, Chunks.Jobs(axes.Elements[i]));
    }

    private void Backward(long start, long end, int part)
    {
        T* gradient = stackalloc T[Chunks.Elements], first = stackalloc T[Chunks.Elements], second = stackalloc T[Chunks.Elements];
        var to = Memory.InputGradients[input];
        var isWhole = axes.IsWhole[input];
        if (Parts(input) > 1) to = Memory.Workspace.Shared + (part * axes.Elements[input]);
        if (!isWhole && (Parts(input) > 1 || !Memory.Accumulate[input])) new Span<T>(to, (int)axes.Elements[input]).Clear();
        for (int length; start < end; start += length)
        {
            length = Piece(start, end);
            var own = TFunction.BackwardReadsInputs ? WholeRow(input, start, length, first) : default;
            var adds = Memory.Accumulate[input] || !isWhole;
            var d = new Span<T>(adds ? gradient : to + start, length);
            new ReadOnlySpan<T>(Memory.OutputGradient + start, length).CopyTo(d);
            for (var other = 0; other < inputs; other++)
            {
                if (other == input) continue;
                var others = TFunction.BackwardReadsInputs ? WholeRow(other, start, length, second) : default;
                TFunction.Backward(input, other, own, others, d);
            }

            if (TFunction.Decays) Subnormals.Flush(d);
            if (!isWhole) axes.Scatter<T, SumFold<T>>(input, d, start, to);
            else if (adds) TensorPrimitives.Add(new Span<T>(to + start, length), d, new Span<T>(to + start, length));
        }
    }

    private void AddParts(int job)
    {
        var elements = axes.Elements[input];
        foreach (var (start, length) in new Chunks(elements, job))
        {
            var sum = new Span<T>(Memory.InputGradients[input] + start, length);
            for (var part = 0; part < Parts(input); part++)
            {
                var one = new ReadOnlySpan<T>(Memory.Workspace.Shared + (part * elements) + start, length);
                if (part == 0 && !Memory.Accumulate[input]) one.CopyTo(sum);
                else TensorPrimitives.Add(sum, one, sum);
            }
        }
    }

    /// <summary>How far the next piece goes: over many short rows, or within a long one.</summary>
    private int Piece(long start, long end)
    {
        var most = (int)Math.Min(Chunks.Elements, end - start);
        return axes.RowLength < LongRow ? most : (int)Math.Min(most, axes.RowLength - (start % axes.RowLength));
    }

    /// <summary>An input's elements for a piece of the output; a single one where the input stands still.</summary>
    private ReadOnlySpan<T> Row(int input, long start, int length, T* scratch, out bool isNumber)
    {
        isNumber = false;
        var from = Memory.Inputs[input];
        if (axes.IsWhole[input]) return new ReadOnlySpan<T>(from + start, length);
        if (axes.RowLength >= LongRow || axes.Elements[input] == 1)
        {
            isNumber = axes.StandsStill(input);
            return new ReadOnlySpan<T>(from + axes.Place(input, start), isNumber ? 1 : length);
        }

        var row = new Span<T>(scratch, length);
        axes.Gather(input, from, start, row);
        return row;
    }

    private ReadOnlySpan<T> WholeRow(int input, long start, int length, T* scratch)
    {
        var row = Row(input, start, length, scratch, out var isNumber);
        if (!isNumber) return row;
        var all = new Span<T>(scratch, length);
        all.Fill(row[0]);
        return all;
    }
}
