using Tessera.Connections;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// The axes of an operator but the last, flattened: which input rows an output row reads, and where a buffer keeps
/// them. A row x stands in slot Σ (x_a mod D_a): the rows that one output row reads never collide, and rows that the
/// next output row reads again are still there. Where that takes too many slots, each kernel row has its own instead.
/// <code>
///   input rows     slots, D = 3
///   4 ────────▸ 1   output row 3 reads 3 4 5
///   5 ────────▸ 2   output row 4 reads 4 5 6: only 6 is fetched, over 3
///   6 ────────▸ 0
/// </code>
/// </summary>
internal sealed unsafe class RowWalk
{
    private const int JobsWanted = 16;

    private readonly AxisGeometry[] axes;
    private readonly bool keeps;

    public RowWalk(OperatorGeometry geometry)
    {
        var all = geometry.Axes;
        axes = all[..^1].ToArray();
        Last = all[^1];
        OutputRows = InputRows = KernelRows = 1;
        long ring = 1;
        foreach (var axis in axes)
        {
            OutputRows = checked(OutputRows * axis.Output);
            InputRows = checked(InputRows * axis.Input);
            KernelRows = checked(KernelRows * axis.Kernel);
            ring = Math.Min(long.MaxValue >> 32, ring * axis.DilatedKernel);
        }

        keeps = ring <= 4L * KernelRows;
        Slots = keeps ? (int)ring : KernelRows;
    }

    /// <summary>The last axis.</summary>
    public AxisGeometry Last { get; }

    /// <summary>Output rows, ∏ o_a over all axes but the last.</summary>
    public int OutputRows { get; }

    /// <summary>Input rows.</summary>
    public int InputRows { get; }

    /// <summary>Kernel rows.</summary>
    public int KernelRows { get; }

    /// <summary>Slots that a buffer of input rows has.</summary>
    public int Slots { get; }

    /// <summary>The number of outermost axes' input rows that may be cut into bands; 1 where there is but the last axis.</summary>
    public int BandRows => axes.Length == 0 ? 1 : axes[0].Input;

    /// <summary>Cuts the output rows into bands, so that there are jobs enough but few rows that two bands both fetch.</summary>
    public (int Bands, int Rows) OutputBands(int otherJobs)
    {
        var least = axes.Length == 0 ? 1 : Math.Max(2, 2 * (axes[^1].DilatedKernel - axes[^1].Stride));
        var wanted = (JobsWanted + otherJobs - 1) / otherJobs;
        var rows = Math.Min(OutputRows, Math.Max(least, OutputRows / wanted));
        return Bands(OutputRows, rows, otherJobs);
    }

    /// <summary>Bands of at most so many rows, one more where all jobs would be an odd number, which two threads cannot share; see <see cref="Shares"/> for the rows of each.</summary>
    private static (int Bands, int Rows) Bands(int count, int rows, int otherJobs)
    {
        var bands = (count + rows - 1) / rows;
        if (bands > 1 && bands < count && bands * otherJobs % 2 == 1) bands++;
        return (bands, (count + bands - 1) / bands);
    }

    /// <summary>Cuts the outermost axis of the input into bands, as <see cref="OutputBands"/> does the output.</summary>
    public (int Bands, int Rows) InputBands(int otherJobs)
    {
        if (axes.Length == 0) return (1, 1);
        var least = Math.Max(2, 2 * axes[0].DilatedKernel);
        var wanted = (JobsWanted + otherJobs - 1) / otherJobs;
        var rows = Math.Min(axes[0].Input, Math.Max(least, axes[0].Input / wanted));
        return Bands(axes[0].Input, rows, otherJobs);
    }

    /// <summary>The output rows [First, End) that can read input rows [first, end) of the outermost axis.</summary>
    public (int First, int End) Readers(int first, int end)
    {
        if (axes.Length == 0) return (0, 1);
        var axis = axes[0];
        var inner = OutputRows / axis.Output;
        var from = Math.Clamp(CeilingDivide(first + axis.PadLow - axis.DilatedKernel + 1, axis.Stride), 0, axis.Output);
        var to = Math.Clamp(((end - 1 + axis.PadLow) / axis.Stride) + 1, from, axis.Output);
        return (from * inner, to * inner);
    }

    /// <summary>The coordinates [First, End) of the outermost axis that outputs [first, end) of it can read.</summary>
    public (int First, int End) Reads(int first, int end) => Reads(axes[0], first, end);

    /// <summary>Lists the input rows that an output row reads, those whose outermost coordinate lies in [first, end).</summary>
    /// <returns>How many there are; each has its kernel row, its input row and its slot.</returns>
    public int List(int outputRow, int first, int end, int* kernelRow, int* inputRow, int* slot)
    {
        var count = 0;
        for (var q = 0; q < KernelRows; q++)
        {
            int row = 0, place = 0, restOutput = outputRow, restKernel = q, rowScale = 1, slotScale = 1;
            var inside = true;
            for (var a = axes.Length - 1; a >= 0; a--)
            {
                var axis = axes[a];
                var x = (restOutput % axis.Output * axis.Stride) + axis.Offset(restKernel % axis.Kernel);
                restOutput /= axis.Output;
                restKernel /= axis.Kernel;
                if (x < 0 || x >= axis.Input || (a == 0 && (x < first || x >= end)))
                {
                    inside = false;
                    break;
                }

                row += x * rowScale;
                place += x % axis.DilatedKernel * slotScale;
                rowScale *= axis.Input;
                slotScale *= axis.DilatedKernel;
            }

            if (!inside) continue;
            kernelRow[count] = q;
            inputRow[count] = row;
            slot[count++] = keeps ? place : q;
        }

        return count;
    }

    /// <summary>The tile index of the first position of an output row; the positions of the row follow.</summary>
    public long FirstTile(int outputRow)
    {
        long tile = 0, scale = Last.Tile;
        for (var a = axes.Length - 1; a >= 0; a--)
        {
            tile += outputRow % axes[a].Output * scale;
            outputRow /= axes[a].Output;
            scale *= axes[a].Tile;
        }

        return tile;
    }

    /// <summary>The kernel elements [First, End) of the last axis that meet inputs [first, end) at output position p.</summary>
    public (int First, int End) Reach(int p, int first, int end)
    {
        int from = Last.Kernel, to = 0;
        for (var q = 0; q < Last.Kernel; q++)
        {
            var x = (p * Last.Stride) + Last.Offset(q);
            if (x < first || x >= end) continue;
            from = Math.Min(from, q);
            to = q + 1;
        }

        return (Math.Min(from, to), to);
    }

    /// <summary>The positions [First, End) of the last axis that can read inputs [first, end) of it.</summary>
    public (int First, int End) LastReaders(int first, int end)
    {
        var from = Math.Clamp(CeilingDivide(first + Last.PadLow - Last.DilatedKernel + 1, Last.Stride), 0, Last.Output);
        return (from, Math.Clamp(((end - 1 + Last.PadLow) / Last.Stride) + 1, from, Last.Output));
    }

    /// <summary>The inputs [First, End) of the last axis that positions [first, end) of it can read.</summary>
    public (int First, int End) LastReads(int first, int end) => Reads(Last, first, end);

    private static (int First, int End) Reads(AxisGeometry axis, int first, int end)
    {
        var from = Math.Clamp((first * axis.Stride) - axis.PadLow, 0, axis.Input);
        return (from, Math.Clamp(((end - 1) * axis.Stride) - axis.PadLow + axis.DilatedKernel, from, axis.Input));
    }

    private static int CeilingDivide(int value, int by) => value <= 0 ? 0 : (value + by - 1) / by;
}
