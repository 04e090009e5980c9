using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// How <see cref="PanelGradient{TVector, T, TLanes}"/> cuts its work: which taps stand in columns, how many columns, rows and outer taps a job
/// has, how large its boxes are, and into how many parts the boxes fall.
/// </summary>
internal sealed unsafe class GradientBlocking<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    // What laying out takes longer than its count, and each vector that a panel has fewer than three.
    private const double CostOfLayingOut = 1.5;
    private const double CostOfNarrow = 0.25;
    private const int BoxBytes = 256 * 1024;
    private const int OutputBytes = 128 * 1024;
    private const int SumBytes = 256 * 1024;
    private const int MostRows = 64;
    private const int MostPanels = 2;
    private const int LeastPositions = 512;

    private readonly OperatorGeometry geometry;
    private readonly int batch;
    private readonly TapConvolution[] residues;
    private readonly long positions;

    public GradientBlocking(OperatorGeometry geometry, int batch, int wantedJobs)
    {
        this.geometry = geometry;
        this.batch = batch;
        residues = TapConvolution.Forward(geometry);
        positions = residues.Max(residue => residue.Positions) * (long)batch;
        Rows = geometry.OutputChannels / geometry.Groups;
        Channels = geometry.InputChannels / geometry.Groups;
        Volume = (int)geometry.KernelSize.Product;

        (Cost, var expanded) = ChooseExpanded();
        Cost *= residues.Sum(residue => residue.Positions) * (double)batch;
        LaneTaps = LaneTapsOf(expanded);
        OuterTaps = Volume / LaneTaps;
        Vectors = Up(Channels * LaneTaps, TLanes.Count);
        Width = MostWidth(expanded);
        Panels = Up(Vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        PanelsPerBlock = PanelsTogether(expanded);
        ColumnBlocks = Up(Panels, PanelsPerBlock);
        TapsPerBlock = Math.Clamp(SumBytes / (Width * 8 * sizeof(T)), 1, OuterTaps);
        TapBlocks = Up(OuterTaps, TapsPerBlock);
        TapsPerBlock = Up(OuterTaps, TapBlocks);
        var most = Math.Max(8, SumBytes / (TapsPerBlock * Width * sizeof(T)));
        RowBlocks = Up(Rows, Math.Min(most, MostRows));
        RowsPerBlock = Up(Up(Rows, RowBlocks), 8) * 8;
        RowBlocks = Up(Rows, RowsPerBlock);
        Jobs = JobsOf();

        // A part costs a whole kernel written and read again, so each should sum over far more than that.
        var parts = (int)Math.Clamp(positions / LeastPositions, 1, Up(PartialSums<TVector, T, TLanes>.WantedJobs, Jobs));
        Boxes = [.. residues.Select(residue => residue.Positions == 0 ? null : MakeBox(residue, expanded, parts))];
        Parts = Math.Min(parts, Boxes.Max(box => box?.Boxes ?? 1));

        // For more threads rows are cut, which changes no sum.
        if (wantedJobs == LeastJobs || Jobs * Parts >= wantedJobs) return;
        RowBlocks = Math.Min(Up(Rows, 8), RowBlocks * Up(wantedJobs, Jobs * Parts));
        RowsPerBlock = Up(Up(Rows, RowBlocks), 8) * 8;
        RowBlocks = Up(Rows, RowsPerBlock);
        Jobs = JobsOf();
    }

    /// <summary>The boxes of each tile residue, null where it has no position.</summary>
    public GradientBox?[] Boxes { get; }

    /// <summary>What a group of a run costs, in vectors multiplied by rows.</summary>
    public double Cost { get; }

    /// <summary>Parts that the boxes of a residue fall into.</summary>
    public int Parts { get; }

    /// <summary>Jobs of a part.</summary>
    public int Jobs { get; }

    /// <summary>Output channels of a group.</summary>
    public int Rows { get; }

    /// <summary>Input channels of a group.</summary>
    public int Channels { get; }

    /// <summary>Kernel elements of a pair of channels.</summary>
    public int Volume { get; }

    /// <summary>Kernel elements that stand beside each other in columns.</summary>
    public int LaneTaps { get; }

    /// <summary>Kernel elements that are shifts of a box.</summary>
    public int OuterTaps { get; }

    /// <summary>Vectors of columns.</summary>
    public int Vectors { get; }

    /// <summary>Elements of the widest panel of columns.</summary>
    public int Width { get; }

    /// <summary>Panels of columns.</summary>
    public int Panels { get; }

    /// <summary>The most panels that a job has.</summary>
    public int PanelsPerBlock { get; }

    public int ColumnBlocks { get; }

    public int RowBlocks { get; }

    public int RowsPerBlock { get; }

    public int TapBlocks { get; }

    public int TapsPerBlock { get; }

    private int JobsOf() => checked(residues.Length * geometry.Groups * ColumnBlocks * RowBlocks * TapBlocks);

    /// <summary>The number of innermost axes whose taps fill the vectors best, by counting what a position costs.</summary>
    private (double Cost, int Expanded) ChooseExpanded()
    {
        var best = (Estimate: double.MaxValue, Cost: 0.0, Expanded: geometry.Axes.Length);
        var residue = residues.FirstOrDefault(residue => residue.Positions > 0);
        if (residue is null) return (0, geometry.Axes.Length);
        for (var expanded = 0; expanded <= geometry.Axes.Length; expanded++)
        {
            var columns = Channels * LaneTapsOf(expanded);
            var box = MakeBox(residue, expanded, 1);
            if (box.Elements * MostWidth(expanded) * sizeof(T) > 4 * BoxBytes && expanded < geometry.Axes.Length) continue;
            var layingOut = (double)box.Elements / box.Positions * columns * Up(Rows, MostRows) * box.LayOutCost * TLanes.Count;
            var multiplying = (double)Rows * Up(columns, TLanes.Count) * (Volume / LaneTapsOf(expanded));
            if (layingOut + multiplying >= best.Estimate) continue;
            var narrow = 1 + (CostOfNarrow * (PanelKernel<TVector, T, TLanes>.MostVectors - (MostWidth(expanded) / TLanes.Count)));
            best = (layingOut + multiplying, (CostOfLayingOut * layingOut / TLanes.Count) + (narrow * multiplying), expanded);
        }

        return (best.Cost, best.Expanded);
    }

    private GradientBox MakeBox(TapConvolution residue, int expanded, int parts) => new(
        residue,
        batch,
        expanded,
        BoxBytes / (PanelsTogether(expanded) * MostWidth(expanded) * sizeof(T)),
        Math.Min(OutputBytes / (Math.Min(MostRows, Rows) * sizeof(T)), Math.Max(1, positions / parts)));

    /// <summary>
    /// Panels that one job multiplies a box of G with. Where all taps are columns a number of G meets few others, and reading it
    /// again for each panel would take long; with outer taps it serves many times, and larger boxes have fewer surroundings.
    /// </summary>
    private int PanelsTogether(int expanded)
    {
        var panels = Up(Up(Channels * LaneTapsOf(expanded), TLanes.Count), PanelKernel<TVector, T, TLanes>.MostVectors);
        return LaneTapsOf(expanded) == Volume ? Up(panels, Up(panels, MostPanels)) : 1;
    }

    private int MostWidth(int expanded) => Math.Min(PanelKernel<TVector, T, TLanes>.MostVectors, Up(Channels * LaneTapsOf(expanded), TLanes.Count)) * TLanes.Count;

    private int LaneTapsOf(int expanded)
    {
        var taps = 1;
        for (var a = geometry.Axes.Length - expanded; a < geometry.Axes.Length; a++) taps = checked(taps * geometry.Axes[a].Kernel);
        return taps;
    }
}
