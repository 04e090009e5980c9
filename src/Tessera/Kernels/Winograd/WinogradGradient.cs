using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// Kernel gradient by Winograd's algorithm: for each of 36 components one matrix product over tiles (see
/// <see cref="PointTransform{TVector, T, TLanes}"/>).
/// <code>
///     component ξ:   dU_ξ [c][m]  =  Σ_tile  V_ξ [tile][c] · S_ξ [tile][m]     8 × 3 vectors of m at a time in registers
/// </code>
/// A job is a block of input channels by a block of output channels by a part of the tiles: it transforms what it needs,
/// some strips at a time, and adds their products to sums of its own. Parts, where the blocks alone are too few to be
/// shared, are a number fixed by the operator; a second stage adds them in their order.
/// </summary>
internal sealed unsafe class WinogradGradient<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int ChannelsAtOnce = 64;
    private const int LeastChannels = 16;
    private const int TransformBytes = 512 * 1024;
    private const int TurnedBytes = 64 * 1024;

    private readonly WinogradTiling tiling;
    private readonly int components;
    private readonly StripTransform<TVector, T, TLanes> strips;
    private readonly KernelTransform<TVector, T, TLanes> kernels;
    private readonly int groups;
    private readonly int outputs;
    private readonly int inputs;
    private readonly PartialSums<TVector, T, TLanes> parts;
    private readonly int volume;
    private readonly nint kernelElements;
    private readonly int resultsPerBlock;
    private readonly int plane;
    private readonly nint inputChannel;
    private readonly nint outputChannel;
    private readonly int resultPlane;
    private readonly int inputBlocks;
    private readonly int inputsPerBlock;
    private readonly int outputBlocks;
    private readonly int outputsPerBlock;
    private readonly int tilesAtOnce;
    private readonly nint depth;
    private readonly nint sourcePitch;
    private readonly nint resultPitch;
    private readonly nint sumPitch;
    private readonly int channelsTurned;

    public WinogradGradient(OperatorGeometry geometry, WinogradTiling tiling, int wantedJobs)
    {
        this.tiling = tiling;
        components = tiling.Components;
        strips = new StripTransform<TVector, T, TLanes>(tiling);
        kernels = new KernelTransform<TVector, T, TLanes>(geometry, tiling, transposed: false);
        groups = geometry.Groups;
        (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        volume = (int)geometry.KernelSize.Product;
        (inputChannel, outputChannel) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        plane = tiling.Rows.SourceSize * tiling.Columns.SourceSize;
        resultPlane = tiling.Rows.ResultSize * tiling.Columns.ResultSize;
        kernelElements = (nint)geometry.PairCount / groups * volume;
        inputsPerBlock = Even(inputs, Math.Max(LeastChannels, ChannelsAtOnce / tiling.OuterTaps));
        outputsPerBlock = Even(outputs, Math.Max(LeastChannels, ChannelsAtOnce / tiling.Residues));
        resultsPerBlock = checked(tiling.Residues * outputsPerBlock);
        (inputBlocks, outputBlocks) = (Up(inputs, inputsPerBlock), Up(outputs, outputsPerBlock));
        var blocks = checked(groups * inputBlocks * outputBlocks);
        var cut = (int)Math.Clamp(Up(PartialSums<TVector, T, TLanes>.WantedJobs, (long)blocks), 1, Math.Min(tiling.Strips, Up(tiling.Tiles, 4)));
        parts = new PartialSums<TVector, T, TLanes>(cut, geometry.KernelShape.Product);
        var most = Up(tiling.Strips, parts.Parts) * tiling.TilesPerStrip;
        // Where the tiles of a part are few, all of them at once: the sums, which are as large, are then written once and not read again.
        long perTile = components * (((long)tiling.OuterTaps * inputsPerBlock) + resultsPerBlock) * sizeof(T);
        tilesAtOnce = most * perTile <= 3 * TransformBytes ? most : (int)Math.Clamp(TransformBytes / perTile, tiling.TilesPerStrip, most);

        // For more threads blocks are cut, which changes no sum.
        while (wantedJobs > LeastJobs && blocks * cut < wantedJobs && Math.Max(inputsPerBlock, outputsPerBlock) > LeastChannels)
        {
            if (outputsPerBlock >= inputsPerBlock) outputsPerBlock = Even(outputs, Math.Max(LeastChannels, outputsPerBlock / 2));
            else inputsPerBlock = Even(inputs, Math.Max(LeastChannels, inputsPerBlock / 2));
            (inputBlocks, outputBlocks) = (Up(inputs, inputsPerBlock), Up(outputs, outputsPerBlock));
            blocks = checked(groups * inputBlocks * outputBlocks);
        }

        resultsPerBlock = checked(tiling.Residues * outputsPerBlock);
        depth = (nint)tiling.OuterTaps * inputsPerBlock;
        sourcePitch = StripTransform<TVector, T, TLanes>.ComponentPitch(tilesAtOnce * depth);
        resultPitch = StripTransform<TVector, T, TLanes>.ComponentPitch((nint)tilesAtOnce * resultsPerBlock);
        sumPitch = StripTransform<TVector, T, TLanes>.ComponentPitch(depth * resultsPerBlock);
        channelsTurned = (int)Math.Clamp(TurnedBytes / (geometry.Tile.Product * volume * outputsPerBlock * sizeof(T)), 1, inputsPerBlock);
        Stages = parts.Stages(blocks);
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"Winograd, tiles of {tiling.Rows.Outputs} × {tiling.Columns.Outputs} results for {tiling.Rows.Taps} × {tiling.Columns.Taps} taps, {TLanes.Name} vectors, {tiling.Tiles} tiles in {parts.Parts} parts, {tilesAtOnce} at once, by blocks of {depth} × {resultsPerBlock} channels");

    public override long SharedElements => parts.SharedElements;

    public override long WorkerElements => (components * (sourcePitch + resultPitch + sumPitch)) + Math.Max(strips.ScratchElements, kernels.ScratchElements(channelsTurned, outputsPerBlock));

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 1)
        {
            parts.Add(job, operands, shared);
            return;
        }

        job = Math.DivRem(job, groups, out var group);
        job = Math.DivRem(job, inputBlocks, out var inputBlock);
        var part = Math.DivRem(job, outputBlocks, out var outputBlock);
        int input = inputBlock * inputsPerBlock, output = outputBlock * outputsPerBlock;
        int inputCount = Math.Min(inputsPerBlock, inputs - input), outputCount = Math.Min(outputsPerBlock, outputs - output);
        var sources = own;
        var results = sources + (components * sourcePitch);
        var sums = results + (components * resultPitch);
        var scratch = sums + (components * sumPitch);
        var source = operands.Input + ((((nint)group * inputs) + input) * inputChannel);
        var result = operands.Output + ((((nint)group * outputs) + output) * outputChannel);
        var (first, end) = parts.Range(part, tiling.Strips);
        for (int strip = first, next; strip < end; strip = next)
        {
            var tiles = 0;
            for (next = strip; next < end && tiles + tiling.Locate(next).Tiles <= tilesAtOnce; next++)
            {
                tiles += Transform(next, source, inputCount, result, outputCount, sources + (tiles * depth), results + ((nint)tiles * resultsPerBlock), scratch);
            }

            for (var component = 0; component < components; component++)
            {
                Multiply(sources + (component * sourcePitch), results + (component * resultPitch), tiles, sums + (component * sumPitch), strip > first);
            }
        }

        var kernel = parts.Kernel(part, operands, shared, out var accumulate) + (group * kernelElements);
        for (int c = 0, after; c < inputCount; c = after)
        {
            after = Math.Min(inputCount, c + channelsTurned);
            kernels.Unpack(sums + ((nint)c * resultsPerBlock), sumPitch, (nint)inputsPerBlock * resultsPerBlock, resultsPerBlock, outputsPerBlock, kernel, output, outputCount, input + c, input + after, accumulate, scratch);
        }
    }

    private int Transform(int index, T* source, int inputCount, T* result, int outputCount, T* sources, T* results, T* scratch)
    {
        var strip = tiling.Locate(index);
        source += (nint)strip.Example * groups * inputs * inputChannel;
        for (var tap = 0; tap < tiling.Planes; tap++)
        {
            var place = tiling.SourcePlane(strip.Outer, tap);
            strips.Source(strip, place < 0 ? null : source + (nint)(place * plane), inputChannel, inputCount, sources + (tap * (depth / tiling.Planes)), sourcePitch, depth, inputsPerBlock, scratch);
        }

        result += ((nint)strip.Example * groups * outputs * outputChannel) + ((nint)strip.Outer * resultPlane);
        strips.ResultGradient(strip, result, outputChannel, outputCount, results, resultPitch, resultsPerBlock, outputsPerBlock, scratch);
        return strip.Tiles;
    }

    /// <summary>One component: the rows of all outer taps and inputs by all outputs and residues of the block, summed over tiles.</summary>
    private void Multiply(T* sources, T* results, int tiles, T* sums, bool add)
    {
        nint noOffset = 0;
        int vectors = resultsPerBlock / TLanes.Count, panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        var product = new PanelProduct<T> { LeftStride = 1, LeftStep = depth, RightPitch = resultsPerBlock, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, RunLength = tiles, RunOffsets = &noOffset, ResultStride = resultsPerBlock, Add = add };
        for (var panel = 0; panel < panels; panel++)
        {
            int from = vectors * panel / panels, width = (vectors * (panel + 1) / panels) - from;
            product.Right = results + (from * TLanes.Count);
            for (var row = 0; row < depth; row += PanelKernel<TVector, T, TLanes>.Height)
            {
                product.Rows = PanelKernel<TVector, T, TLanes>.Height;
                product.Left = sources + row;
                product.Result = sums + ((nint)row * resultsPerBlock) + (from * TLanes.Count);
                PanelKernel<TVector, T, TLanes>.Multiply(product, product.Rows, width);
            }
        }
    }

    /// <summary>Channels of a block, in whole vectors, where all blocks are about as large.</summary>
    private static int Even(int channels, int most) => StripTransform<TVector, T, TLanes>.Padded(Up(channels, Up(channels, most)));
}
