using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Kernel gradient of shared operators with few input channels, such as a network's first layer: dK[(c, q)][m] = Σ_positions V[c, x(position, q)] · G[position][m].
/// <code>
///                         k = position  [ G of a box, outputs side by side: panels of 1 to 3 vectors ]
///                           ↓
///     8 of (channel, tap)  [ the box's planes + shift of the tap, see PlaneBox ]   [ sums in registers ]  →  [(c, q)][m], turned back at the end
/// </code>
/// Lanes are output channels, so that few channels and taps leave no lane empty. A job is a part of the boxes for one group.
/// </summary>
internal sealed unsafe class PlaneGradient<TVector, T, TLanes> : Algorithm<T>, ICosted
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int BoxBytes = 192 * 1024;
    private const int GradientBytes = 256 * 1024;
    private const int SumBytes = 256 * 1024;
    private const int LeastPositions = 256;
    private const int PositionsAtOnce = 256;
    private const int MostParts = 16;

    private readonly int batch;
    private readonly int groups;
    private readonly int outputs;
    private readonly int inputs;
    private readonly nint inputPlane;
    private readonly nint outputPlane;
    private readonly int vectors;
    private readonly int panels;
    private readonly int rank;
    private readonly PlaneBox box;
    private readonly PartialSums<TVector, T, TLanes> parts;
    private readonly nint[] rowStarts;
    private readonly long sumElements;
    private readonly long gradientElements;
    private readonly long planeElements;
    private readonly double positions;

    public PlaneGradient(OperatorGeometry geometry, int batch)
    {
        this.batch = batch;
        groups = geometry.Groups;
        (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (inputPlane, outputPlane) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        vectors = Up(outputs, TLanes.Count);
        panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        var taps = TapConvolution.Forward(geometry)[0];
        rank = taps.Axes.Length;
        positions = batch * (double)taps.Positions;
        var atOnce = Math.Max(LeastPositions, GradientBytes / (Width * sizeof(T)));
        box = new PlaneBox(taps, batch, inputs, BoxBytes / sizeof(T), Math.Max(Up(MostParts, groups), (long)(positions / atOnce)), LeastPositions);
        parts = new PartialSums<TVector, T, TLanes>((int)Math.Clamp(box.Count, 1, Up(MostParts, groups)), geometry.KernelShape.Product);
        Stages = parts.Stages(groups);
        sumElements = Up(inputs * geometry.KernelSize.Product, PanelKernel<TVector, T, TLanes>.MostHeight) * PanelKernel<TVector, T, TLanes>.MostHeight * Width;
        // Runs ask for them: a box counts its positions anew each time, which makes an object.
        gradientElements = box.Positions * Width;
        // The last row of a plane reaches into what would be the next one's zeros.
        planeElements = Up(box.Elements + box.Overlap, TLanes.Count) * TLanes.Count;
        var volume = (int)geometry.KernelSize.Product;
        rowStarts = new nint[inputs * volume];
        for (var c = 0; c < inputs; c++)
        {
            for (var tap = 0; tap < taps.TapCount; tap++) rowStarts[(c * volume) + taps.Elements[tap]] = (c * box.ChannelElements) + box.TapShifts[tap];
        }
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"matrix product over planes, {TLanes.Name} vectors, {outputs} lanes × {inputs} channels × {rowStarts.Length / inputs} taps, {parts.Parts} parts of {box.Count} boxes of {box.Positions} positions");

    public override long SharedElements => parts.SharedElements;

    public override long WorkerElements => sumElements + gradientElements + planeElements + (3L * box.Rows * sizeof(nint) / sizeof(T));

    public override IReadOnlyList<int> Stages { get; }

    /// <summary>Whether what a worker needs stays within its bounds.</summary>
    public bool Fits => sumElements * sizeof(T) <= SumBytes && planeElements * sizeof(T) <= 2 * BoxBytes && gradientElements * sizeof(T) <= 8 * GradientBytes;

    /// <inheritdoc/>
    public double Cost
    {
        get
        {
            const double turning = 0.55, starting = 1.04;
            var product = starting * PanelKernel<TVector, T, TLanes>.CostOfRows(rowStarts.Length) * PanelKernel<TVector, T, TLanes>.CostOfWidth(vectors, panels) * vectors;
            return (positions * (product + (turning * outputs))) + (box.Count * (double)box.Elements) + (parts.Parts * (double)rowStarts.Length * outputs);
        }
    }

    /// <inheritdoc/>
    public int Lanes => TLanes.Count;

    private int Width => vectors * TLanes.Count;

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 1)
        {
            parts.Add(job, operands, shared);
            return;
        }

        var part = Math.DivRem(job, groups, out var group);
        T* sums = own, gradient = sums + sumElements, planes = gradient + gradientElements;
        nint* places = (nint*)(planes + planeElements), results = places + box.Rows, offsets = results + box.Rows;
        var source = operands.Input + ((nint)group * inputs * inputPlane);
        var from = operands.Output + ((nint)group * outputs * outputPlane);
        var corner = stackalloc int[rank + 1];
        new Span<T>(planes + box.Elements, (int)(planeElements - box.Elements)).Clear();
        var (first, end) = parts.Range(part, checked((int)box.Count));
        for (var index = first; index < end; index++)
        {
            box.Locate(index, corner);
            var runs = box.FindRows(corner, batch, (nint)groups * outputs * outputPlane, places, results, out var length);
            box.LayOut<TVector, T, TLanes>(source, (nint)groups * inputs * inputPlane, inputPlane, corner, batch, planes);
            Turn(from, results, runs, length, gradient);
            for (var run = 0; run < runs; run++) offsets[run] = (nint)run * length * Width;
            Multiply(planes, places, gradient, offsets, runs, length, sums, add: index > first);
        }

        var kernel = parts.Kernel(part, operands, shared, out var accumulate) + ((nint)group * outputs * rowStarts.Length);
        Transposition.Run(sums, Width, rowStarts.Length, outputs, kernel, rowStarts.Length, accumulate, TLanes.Count * sizeof(T) > 16);
    }

    /// <summary>The positions of a box with their outputs side by side, rows of positions that are neighbours in G together.</summary>
    private void Turn(T* from, nint* results, int runs, int length, T* to)
    {
        for (int run = 0, next; run < runs; run = next)
        {
            next = run + 1;
            while (next < runs && results[next] == results[next - 1] + length) next++;
            Transposition.Run(from + results[run], outputPlane, outputs, (next - run) * length, to + ((nint)run * length * Width), Width, false, TLanes.Count * sizeof(T) > 16);
        }
    }

    /// <summary>Some positions at a time, whose outputs stay in cache for all channels and taps.</summary>
    private void Multiply(T* planes, nint* places, T* gradient, nint* offsets, int runs, int length, T* sums, bool add)
    {
        var runsAtOnce = Math.Max(1, PositionsAtOnce / length);
        var product = new PanelProduct<T> { RightPitch = Width, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, ResultStride = Width };
        fixed (nint* starts = rowStarts)
        {
            for (var run = 0; run < runs; run += runsAtOnce)
            {
                product.Runs = Math.Min(runsAtOnce, runs - run);
                product.LeftOffsets = places + run;
                product.RunOffsets = offsets + run;
                for (var at = 0; at < length; at += product.RunLength)
                {
                    product.RunLength = Math.Min(PositionsAtOnce, length - at);
                    product.Left = planes + at;
                    product.Add = add || run > 0 || at > 0;
                    for (var panel = 0; panel < panels; panel++)
                    {
                        var (lane, width) = Panel(vectors, panels, panel, TLanes.Count);
                        product.Right = gradient + ((nint)at * Width) + lane;
                        for (int row = 0, height; row < rowStarts.Length; row += height)
                        {
                            height = PanelKernel<TVector, T, TLanes>.HeightFor(rowStarts.Length - row);
                            product.Rows = Math.Min(height, rowStarts.Length - row);
                            product.LeftRows = starts + row;
                            product.Result = sums + ((nint)row * Width) + lane;
                            PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                        }
                    }
                }
            }
        }
    }
}
