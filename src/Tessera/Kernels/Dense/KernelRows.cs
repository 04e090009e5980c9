using System.Numerics;
using System.Runtime.Intrinsics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The left side of a convolution as a matrix product: for each part (tile residue or phase) and group, rows of
/// (channel, tap), contiguous. Forward, that is how the kernel lies in memory: [tile, m, (c, q)]. For the transpose,
/// jobs lay it out anew by input channel: [part, group, c, (m, tap)].
/// </summary>
internal sealed unsafe class KernelRows<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int RowsPerJob = 16;

    private readonly bool transposed;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly int volume;
    private readonly int rowJobs;
    private readonly nint[][] elements;
    private readonly bool[] areTogether;
    private readonly long[] starts;

    public KernelRows(OperatorGeometry geometry, bool transposed)
    {
        this.transposed = transposed;
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        volume = (int)geometry.KernelSize.Product;
        rowJobs = (rows + RowsPerJob - 1) / RowsPerJob;
        Parts = TapConvolution.Written(geometry, transposed);
        elements = [.. Parts.Select(part => part.KernelPlaces(geometry))];
        areTogether = [.. elements.Select(part => part.Length > 1 && part.Index().All(tap => tap.Item == part[0] + tap.Index))];
        starts = new long[Parts.Length];
        for (var part = 1; part < Parts.Length; part++) starts[part] = starts[part - 1] + ((long)groups * rows * RowLength(part - 1));
        PackedElements = transposed ? starts[^1] + ((long)groups * rows * RowLength(Parts.Length - 1)) : 0;
        Jobs = transposed ? checked(Parts.Length * groups * rowJobs) : 0;
    }

    /// <summary>The parts that write anything.</summary>
    public TapConvolution[] Parts { get; }

    /// <summary>The elements of the kernel laid out anew.</summary>
    public long PackedElements { get; }

    /// <summary>The jobs that lay it out.</summary>
    public int Jobs { get; }

    /// <summary>What laying it out costs, in vectors multiplied by rows; more where it goes out of the caches and comes back.</summary>
    public double Cost(bool inJobs) => PackedElements * (inJobs || PackedElements * sizeof(T) < 1 << 20 ? 1.0 : 4.0);

    /// <summary>The distance between rows of a part: channels times taps.</summary>
    public nint RowLength(int part) => (nint)channels * Parts[part].TapCount;

    /// <summary>The beginning of a row.</summary>
    public T* Row(int part, int group, int row, T* kernel, T* packed) => transposed
        ? packed + starts[part] + ((((nint)group * rows) + row) * RowLength(part))
        : kernel + ((((nint)(Parts[part].TapCount == 0 ? 0 : Parts[part].Tiles[0]) * groups * rows) + ((nint)group * rows) + row) * channels * volume);

    /// <summary>Lays out some rows.</summary>
    public void Pack(int job, T* kernel, T* packed)
    {
        job = Math.DivRem(job, rowJobs, out var block);
        var part = Math.DivRem(job, groups, out var group);
        int first = block * RowsPerJob, end = Math.Min(rows, first + RowsPerJob);
        Pack(part, group, first, end, 0, (int)RowLength(part), kernel, Row(part, group, first, kernel, packed), RowLength(part));
    }

    /// <summary>Lays out columns [from, to) of rows [first, end) of a transposed part, with a pitch of their own.</summary>
    public void Pack(int part, int group, int first, int end, int from, int to, T* kernel, T* packed, nint pitch)
    {
        var taps = Parts[part].TapCount;
        if (taps == 0) return;
        var together = areTogether[part];
        fixed (nint* offsets = elements[part])
        {
            for (var k = from; k < to;)
            {
                var m = Math.DivRem(k, taps, out var tap);
                var count = Math.Min(taps - tap, to - k);
                var source = kernel + (((((nint)group * channels) + m) * rows) + first) * volume;
                var row = packed + (k - from);
                var next = (nint)rows * volume;
                for (var c = first; c < end; c++, source += volume, row += pitch)
                {
                    // The same rows of the next channel are too far for the processor to see them coming.
                    Prefetch.Rows(source + next, 0, 1, volume);
                    if (together) RowCopy<Vector128<T>, T, Lanes128<T>>.Copy(source + offsets[tap], row, count);
                    else for (var i = 0; i < count; i++) row[i] = source[offsets[tap + i]];
                }

                k += count;
            }
        }
    }
}
