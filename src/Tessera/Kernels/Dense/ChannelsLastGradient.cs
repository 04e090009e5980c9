using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Kernel gradient of tiled operators with dense or grouped channels, lanes along output channels: for every residue and tap
/// <code>
///     dK[tap, c][m]  =  Σ_position  V[position · s + tap][c] · G[position][m]      8 channels c × 3 vectors of m in registers
/// </code>
/// where both sides stand channels last, laid out once for all residues (see <see cref="ChannelsLastBox"/>); k runs along rows of
/// positions. A job is a panel of output channels by a block of input channels of one group and a part of the boxes.
/// </summary>
internal sealed unsafe class ChannelsLastGradient<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int BoxBytes = 256 * 1024;
    private const int SumBytes = 768 * 1024;
    private const int MostResults = 2048;
    private const int MostWorkerBytes = 6 << 20;
    private const int RowUnit = 8;

    private readonly OperatorGeometry geometry;
    private readonly TapConvolution[] all;
    private readonly TapConvolution[] parts;
    private readonly int[] partOfTile;
    private readonly ChannelsLastBox box;
    private readonly nint[][] shifts;
    private readonly PartialSums<TVector, T, TLanes> sharing;
    private readonly int outputs;
    private readonly int inputs;
    private readonly int volume;
    private readonly int panels;
    private readonly int vectors;
    private readonly int mostWidth;
    private readonly int inputBlocks;
    private readonly int inputsPerBlock;
    private readonly nint inputPlane;
    private readonly nint outputPlane;
    private readonly long layoutElements;
    private readonly long gradientElements;
    private readonly long sumElements;
    private readonly long turnedElements;
    private readonly long tableElements;

    public ChannelsLastGradient(OperatorGeometry geometry, int batch)
    {
        this.geometry = geometry;
        var groups = geometry.Groups;
        (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (inputPlane, outputPlane) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        volume = (int)geometry.KernelSize.Product;
        all = TapConvolution.Forward(geometry);
        parts = [.. all.Where(part => part.Positions > 0)];
        partOfTile = [.. all.Select(part => Array.IndexOf(parts, part))];
        vectors = Up(outputs, TLanes.Count);
        panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        mostWidth = Up(vectors, panels) * TLanes.Count;
        var perInput = (long)parts.Length * volume * mostWidth * sizeof(T);
        inputsPerBlock = ChooseBlock(groups, (int)Math.Max(1, SumBytes / (perInput * RowUnit)), batch) * RowUnit;
        inputBlocks = Up(inputs, inputsPerBlock);
        var jobs = checked(groups * panels * inputBlocks);
        box = new ChannelsLastBox(parts, batch, inputsPerBlock, BoxBytes / sizeof(T), MostResults, Up(PartialSums<TVector, T, TLanes>.WantedJobs, jobs));
        sharing = new PartialSums<TVector, T, TLanes>((int)Math.Clamp(Up(PartialSums<TVector, T, TLanes>.WantedJobs, jobs), 1, Math.Max(1, box.Count)), geometry.KernelShape.Product);
        shifts = [.. parts.Select(part => Enumerable.Range(0, part.TapCount).Select(tap => box.Shift(part.Offsets.AsSpan(tap * geometry.Axes.Length, geometry.Axes.Length))).ToArray())];
        layoutElements = Line(box.Elements);
        gradientElements = Line((long)box.ResultRows * box.ResultColumns * mostWidth);
        sumElements = (long)parts.Length * volume * inputsPerBlock * mostWidth;
        turnedElements = Line((long)inputsPerBlock * volume * mostWidth);
        tableElements = ((box.MostPositions * (long)((3 * sizeof(nint)) + sizeof(int))) / sizeof(T)) + 16;
        Stages = sharing.Stages(jobs);
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"matrix product over positions, channels last, {TLanes.Name} vectors, {parts.Length} residues of {inputs} channels × {volume} taps × {outputs} rows, {box.Count} boxes of {box.ResultRows} × {box.ResultColumns} results in {sharing.Parts} parts, by {panels} panels and {inputBlocks} blocks of {inputsPerBlock} channels");

    public override long SharedElements => sharing.SharedElements;

    public override long WorkerElements => layoutElements + gradientElements + sumElements + turnedElements + tableElements;

    public override IReadOnlyList<int> Stages { get; }

    /// <summary>Whether a worker's memory stays within its bound.</summary>
    public bool Fits => WorkerElements * sizeof(T) <= MostWorkerBytes;

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 1)
        {
            sharing.Add(job, operands, shared);
            return;
        }

        job = Math.DivRem(job, panels, out var panel);
        job = Math.DivRem(job, inputBlocks, out var inputBlock);
        var part = Math.DivRem(job, geometry.Groups, out var group);
        int lane = vectors * panel / panels * TLanes.Count, width = (vectors * (panel + 1) / panels * TLanes.Count) - lane, lanes = Math.Min(width, outputs - lane);
        int input = inputBlock * inputsPerBlock, count = Math.Min(inputsPerBlock, inputs - input);
        var gradients = own + layoutElements;
        var sums = gradients + gradientElements;
        var turned = sums + sumElements;
        var tables = (nint*)(turned + turnedElements);
        var source = operands.Input + ((((nint)group * inputs) + input) * inputPlane);
        var gradient = operands.Output + ((((nint)group * outputs) + lane) * outputPlane);
        var corner = stackalloc int[geometry.Axes.Length + 1];
        var (first, end) = sharing.Range(part, checked((int)box.Count));
        if (count < inputsPerBlock) new Span<T>(own, checked((int)box.Elements)).Clear();
        new Span<T>(gradients, checked((int)gradientElements)).Clear();
        if (first == end) new Span<T>(sums, checked((int)sumElements)).Clear();
        for (var index = first; index < end; index++)
        {
            box.Locate(index, corner);
            box.LayOut(source, inputPlane * geometry.InputChannels, inputPlane, count, corner, own, TLanes.Count * sizeof(T) > 16);
            for (var row = 0; row < box.ResultRows; row++)
            {
                var length = box.ResultRow(row, corner, outputPlane * geometry.OutputChannels, out var place);
                if (length > 0) Transposition.Run(gradient + place, outputPlane, lanes, length, gradients + ((nint)row * box.ResultColumns * width), width, false, TLanes.Count * sizeof(T) > 16);
            }

            Multiply(own, gradients, width, corner, tables, sums, index > first);
        }

        var kernel = sharing.Kernel(part, operands, shared, out var accumulate);
        for (var tile = 0; tile < all.Length; tile++)
        {
            Write(tile, sums, width, count, turned, lanes, kernel + (((((nint)tile * geometry.OutputChannels) + ((nint)group * outputs) + lane) * inputs) + input) * volume, accumulate);
        }
    }

    /// <summary>Adds a box's products to the sums of all residues, [residue][tap][c][lanes].</summary>
    private void Multiply(T* layout, T* gradients, int width, int* corner, nint* places, T* sums, bool add)
    {
        nint* lefts = places + box.MostPositions, rights = lefts + box.MostPositions;
        var targets = (int*)(rights + box.MostPositions);
        for (var part = 0; part < parts.Length; part++)
        {
            var axis = parts[part].Axes[^1];
            var found = box.Find(part, corner, places, targets);
            var product = new PanelProduct<T>
            {
                Rows = RowUnit,
                LeftStride = 1,
                LeftStep = (nint)axis.SourceStep * box.Pitch,
                RightPitch = (nint)axis.ResultStep * width,
                RightSecond = TLanes.Count,
                RightThird = 2 * TLanes.Count,
                RunLength = box.RowLength(part, corner),
                Right = gradients,
                RunOffsets = rights,
                LeftOffsets = lefts,
                ResultStride = width,
                Add = add,
            };
            for (var position = 0; position < found; position += product.RunLength, product.Runs++)
            {
                (lefts[product.Runs], rights[product.Runs]) = (places[position], (nint)targets[position] * width);
            }

            foreach (var shift in shifts[part])
            {
                for (var c = 0; c < inputsPerBlock; c += PanelKernel<TVector, T, TLanes>.Height, sums += PanelKernel<TVector, T, TLanes>.Height * width)
                {
                    product.Left = layout + shift + c;
                    product.Result = sums;
                    PanelKernel<TVector, T, TLanes>.Multiply(product, PanelKernel<TVector, T, TLanes>.Height, width / TLanes.Count);
                }
            }
        }
    }

    /// <summary>Turns the sums of a tile into the kernel's order: a tile that no position has gets zeros.</summary>
    private void Write(int tile, T* sums, int width, int count, T* turned, int lanes, T* kernel, bool accumulate)
    {
        var part = partOfTile[tile];
        if (part < 0) new Span<T>(turned, count * volume * width).Clear();
        for (var tap = 0; tap < (part < 0 ? 0 : volume); tap++)
        {
            RowCopy<TVector, T, TLanes>.CopyEach(sums + ((((nint)part * volume) + tap) * inputsPerBlock * width), width, turned + ((nint)parts[part].Elements[tap] * width), (nint)volume * width, width, count);
        }

        // A few output channels at a time, each written from end to end.
        const int atOnce = 8;
        for (var lane = 0; lane < lanes; lane += atOnce)
        {
            Transposition.Run(turned + lane, width, count * volume, Math.Min(atOnce, lanes - lane), kernel + ((nint)lane * inputs * volume), (long)inputs * volume, accumulate, TLanes.Count * sizeof(T) > 16);
        }
    }

    /// <summary>
    /// Rows of registers in a block of input channels: as many as <paramref name="most"/>, or fewer where turning G again for more
    /// blocks costs less than adding parts of a large kernel.
    /// </summary>
    private int ChooseBlock(int groups, int most, int batch)
    {
        int wanted = PartialSums<TVector, T, TLanes>.WantedJobs, rows = Up(inputs, RowUnit);
        double gradient = (double)batch * geometry.OutputChannels * outputPlane, kernel = geometry.KernelShape.Product;
        double Cost(int block)
        {
            int blocks = Up(rows, block), cut = Up(wanted, groups * panels * blocks);
            return (blocks * gradient) + (cut > 1 ? 2.5 * cut * kernel : 0);
        }

        return Enumerable.Range(1, Math.Min(rows, most)).OrderBy(Cost).ThenByDescending(block => block).First();
    }

    private static long Line(long elements) => (elements + 15) / 16 * 16;
}
