using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>What a worker knows of its buffer while it walks: where things are, and what the slots hold.</summary>
internal unsafe ref struct Patch<T>
    where T : unmanaged
{
    public T* Buffer;
    public int* HeldRow;
    public int* KernelRow;
    public int* InputRow;
    public int* Slot;
    public int* NextKernelRow;
    public int* NextRow;
    public int* NextSlot;
    public int* TapScalar;
    public int* TapLane;
    public int First;
    public int End;
    public int FirstChannel;
    public int Base;
    public int Rows;
    public int Moving;
    public int TapFirst;
    public int TapEnd;
    public Terms Taps;
}

/// <summary>
/// The input (or its gradient) of one block of examples, turned so that the batch runs fastest: [channel][slot][x][n],
/// as many input rows as one output row reads, and the list of taps of a position over it. Offsets are relative to the
/// position, so the list changes only where padding cuts it.
/// </summary>
internal sealed unsafe class PatchBuffer<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly RowWalk walk;
    private readonly int examplesInBlock;
    private readonly int channelsOfInput;
    private readonly int volume;
    private readonly long bufferElements;
    private readonly bool wide;

    public PatchBuffer(OperatorGeometry geometry, UnsharedBlocking blocking, bool wide)
    {
        this.wide = wide;
        walk = blocking.Walk;
        examplesInBlock = blocking.Examples;
        RowStride = blocking.InputStride;
        ChannelStride = checked(walk.Slots * RowStride);
        channelsOfInput = geometry.InputChannels;
        volume = (int)geometry.KernelSize.Product;
        bufferElements = RoundUp(blocking.InputElements);
        Elements = bufferElements + RoundUp(walk.Slots) + (6 * RoundUp(walk.KernelRows)) + (2 * RoundUp(volume));
    }

    /// <summary>The distance between channels in the buffer.</summary>
    public int ChannelStride { get; }

    /// <summary>The distance between slots in the buffer.</summary>
    public int RowStride { get; }

    /// <summary>Workspace of the buffer and its lists; an index takes the room of an element.</summary>
    public long Elements { get; }

    /// <summary>Lays the buffer out over a worker's memory; nothing is held yet.</summary>
    /// <param name="own">The worker's memory.</param>
    /// <param name="reads">The inputs [First, End) of the last axis that will be held.</param>
    /// <param name="examples">How many examples; lanes beyond them are zeros.</param>
    public Patch<T> Begin(T* own, (int First, int End) reads, int examples)
    {
        var patch = new Patch<T> { Buffer = own, First = reads.First, End = reads.End };
        var lists = own + bufferElements;
        patch.HeldRow = Take(ref lists, walk.Slots);
        patch.KernelRow = Take(ref lists, walk.KernelRows);
        patch.InputRow = Take(ref lists, walk.KernelRows);
        patch.Slot = Take(ref lists, walk.KernelRows);
        patch.NextKernelRow = Take(ref lists, walk.KernelRows);
        patch.NextRow = Take(ref lists, walk.KernelRows);
        patch.NextSlot = Take(ref lists, walk.KernelRows);
        patch.TapScalar = Take(ref lists, volume);
        patch.TapLane = Take(ref lists, volume);
        Forget(ref patch);
        patch.Moving = 0;
        if (examples < examplesInBlock) new Span<T>(own, checked((int)bufferElements)).Clear();
        return patch;
    }

    /// <summary>Marks all slots as empty.</summary>
    public void Forget(ref Patch<T> patch) => new Span<int>(patch.HeldRow, walk.Slots).Fill(-1);

    /// <summary>One slot of one channel, counted from the first that is held.</summary>
    public T* Row(ref Patch<T> patch, int channel, int slot) => patch.Buffer + ((long)channel * ChannelStride) + ((long)slot * RowStride);

    /// <summary>Lists the rows that an output row meets, those with outermost coordinate in [first, end).</summary>
    public void ListRows(ref Patch<T> patch, int outputRow, int first, int end)
    {
        patch.Rows = walk.List(outputRow, first, end, patch.KernelRow, patch.InputRow, patch.Slot);
        patch.TapEnd = -1;
    }

    /// <summary>Lists the rows that will come in for an output row: those that it reads and that are not held, or all of them where the next job begins with it.</summary>
    public void ListComing(ref Patch<T> patch, int nextRow, bool begins)
    {
        patch.Moving = 0;
        if (nextRow >= walk.OutputRows) return;
        var count = walk.List(nextRow, 0, int.MaxValue, patch.NextKernelRow, patch.NextRow, patch.NextSlot);
        for (var i = 0; i < count; i++)
        {
            if (begins || patch.HeldRow[patch.NextSlot[i]] != patch.NextRow[i]) patch.NextRow[patch.Moving++] = patch.NextRow[i];
        }
    }

    /// <summary>Lists the rows that will leave before an output row: those that stand where the rows with outermost coordinate in [first, end) that it reads go.</summary>
    public void ListLeaving(ref Patch<T> patch, int nextRow, int first, int end)
    {
        patch.Moving = 0;
        var count = walk.List(nextRow, first, end, patch.NextKernelRow, patch.NextRow, patch.NextSlot);
        for (var i = 0; i < count; i++)
        {
            var held = patch.HeldRow[patch.NextSlot[i]];
            if (held >= 0 && held != patch.NextRow[i]) patch.NextRow[patch.Moving++] = held;
        }
    }

    /// <summary>Asks for a share of the rows that will move.</summary>
    public void FetchMoving(ref Patch<T> patch, T* input, int firstExample, int examples, (int First, int End) channels, int share, int shares)
    {
        var plane = (long)walk.InputRows * walk.Last.Input;
        for (var i = 0; i < patch.Moving; i++)
        {
            var from = input + (firstExample * channelsOfInput * plane) + ((long)patch.NextRow[i] * walk.Last.Input) + patch.First;
            Prefetch.Share(from, plane, channelsOfInput * plane, channels, examples, patch.End - patch.First, share, shares);
        }
    }

    /// <summary>Brings the rows that an output row reads into the buffer, for the channels of one window.</summary>
    public void Fill(ref Patch<T> patch, T* input, int firstExample, int examples, int outputRow, (int First, int End) channels, int windowStart)
    {
        ListRows(ref patch, outputRow, 0, int.MaxValue);
        if (channels.First == channels.End) return;
        if (patch.FirstChannel != channels.First) Forget(ref patch);
        patch.FirstChannel = channels.First;
        patch.Base = channels.First - windowStart;
        var rows = (long)walk.InputRows * walk.Last.Input;
        for (var i = 0; i < patch.Rows; i++)
        {
            if (patch.HeldRow[patch.Slot[i]] == patch.InputRow[i]) continue;
            patch.HeldRow[patch.Slot[i]] = patch.InputRow[i];
            for (var c = channels.First; c < channels.End; c++)
            {
                var from = input + ((((long)firstExample * channelsOfInput) + c) * rows) + ((long)patch.InputRow[i] * walk.Last.Input) + patch.First;
                var to = patch.Buffer + ((long)(c - channels.First) * ChannelStride) + (patch.Slot[i] * RowStride);
                Transposition.Run(from, channelsOfInput * rows, examples, patch.End - patch.First, to, examplesInBlock, false, wide);
            }
        }
    }

    /// <summary>Lists the taps of position p in <see cref="Patch{T}.Taps"/>; returns the base that they and channels are relative to.</summary>
    public T* TapsAt(ref Patch<T> patch, int p)
    {
        var (first, end) = walk.Reach(p, patch.First, patch.End);
        if (first != patch.TapFirst || end != patch.TapEnd)
        {
            (patch.TapFirst, patch.TapEnd) = (first, end);
            var count = 0;
            for (var i = 0; i < patch.Rows; i++)
            {
                for (var q = first; q < end; q++)
                {
                    patch.TapScalar[count] = (patch.KernelRow[i] * walk.Last.Kernel) + q;
                    patch.TapLane[count++] = (patch.Slot[i] * RowStride) + ((walk.Last.Offset(q) - patch.First) * examplesInBlock);
                }
            }

            patch.Taps = new Terms(patch.TapScalar, patch.TapLane, count);
        }

        return patch.Buffer + ((long)p * walk.Last.Stride * examplesInBlock) - ((long)patch.Base * ChannelStride);
    }

    private static int* Take(ref T* from, int count)
    {
        var taken = (int*)from;
        from += RoundUp(count);
        return taken;
    }

    private static long RoundUp(long count) => (count + 15) / 16 * 16;
}
