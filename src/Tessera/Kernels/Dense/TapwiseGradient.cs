using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The kernel gradient's counterpart of <see cref="TapwiseConvolution{TVector, T, TLanes}"/>: on small planes each weight is summed and written once, over the
/// places alone whose source is inside. The input is read in place, G with its channels last.
/// <code>
///     each tap  sums [c][tap][lanes]  =  input [c][places inside]  ×  G [places of the result][lanes]      8 channels × 3 vectors in registers
///               some channels c, in L1, turned round into the kernel
/// </code>
/// Lanes are output channels. A job is a panel of them by a block of input channels.
/// </summary>
internal sealed unsafe class TapwiseGradient<TVector, T, TLanes> : Algorithm<T>, ICosted
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int SumBytes = 32 * 1024;
    private const int GradientBytes = 4 << 20;
    private const int WantedPositions = 2048;
    private const int PositionsAtOnce = 512;
    private const int WorkWithoutThreads = 4 << 20;
    private const int MostVectors = PanelKernel<TVector, T, TLanes>.MostVectors;

    private readonly int batch;
    private readonly int groups;
    private readonly int outputs;
    private readonly int inputs;
    private readonly int volume;
    private readonly nint inputPlane;
    private readonly nint outputPlane;
    private readonly int sourceStep;
    private readonly int vectors;
    private readonly int panels;
    private readonly int mostWidth;
    private readonly int channelsAtOnce;
    private readonly int channelBlocks;
    private readonly int examplesAtOnce;
    private readonly long multiplyAdds;
    private readonly TurnedKernel kernels;
    private readonly int mostRuns;
    private readonly Tap[] taps;
    private readonly nint[] sources;
    private readonly nint[] results;

    public TapwiseGradient(OperatorGeometry geometry, int batch, int wantedJobs = LeastJobs)
    {
        this.batch = batch;
        groups = geometry.Groups;
        (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        volume = (int)geometry.KernelSize.Product;
        (inputPlane, outputPlane) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        multiplyAdds = batch * geometry.MultiplyAdds;
        kernels = new TurnedKernel(geometry, transposed: false);
        vectors = Up(outputs, TLanes.Count);
        panels = Up(vectors, MostVectors);
        mostWidth = Up(vectors, panels) * TLanes.Count;
        var eights = Up(inputs, 8);
        channelBlocks = Math.Clamp(Up(wantedJobs, checked(groups * panels)), (int)Math.Min(eights, Up(kernels.Elements(inputs, mostWidth) * sizeof(T), SumBytes)), eights);
        channelsAtOnce = eights / channelBlocks * 8;
        channelBlocks = Up(inputs, channelsAtOnce);
        var positions = Math.Min(WantedPositions, GradientBytes / ((long)groups * vectors * TLanes.Count * sizeof(T)));
        examplesAtOnce = Up(batch, Up(batch, (int)Math.Clamp(positions / outputPlane, 1, batch)));
        var part = TapConvolution.Forward(geometry)[0];
        sourceStep = part.Axes[^1].SourceStep;
        (taps, sources, results) = FindRuns(part);
        foreach (var tap in taps) mostRuns = Math.Max(mostRuns, tap.End - tap.First);
        // Examples that do not fit together come one part after another, which is added to the kernel.
        Stages = [.. Enumerable.Range(0, Up(batch, examplesAtOnce)).SelectMany(_ => (int[])[checked(groups * panels * examplesAtOnce), checked(groups * panels * channelBlocks)])];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"matrix product for each tap, {TLanes.Name} vectors, {outputs} rows × {inputs} channels × {volume} taps, {examplesAtOnce * outputPlane} positions at a time by {panels} panels of rows and {channelBlocks} blocks of channels");

    public override long SharedElements => groups * (long)vectors * TLanes.Count * examplesAtOnce * outputPlane;

    public override long WorkerElements => kernels.Elements(channelsAtOnce, mostWidth) + ((long)mostRuns * sizeof(nint) / sizeof(T)) + 16;

    public override IReadOnlyList<int> Stages { get; }

    /// <summary>Whether G and a worker's sums stay within their bounds, and there are jobs for threads where there is work for them: what has few weights is cut by positions elsewhere.</summary>
    public bool Fits => Math.Max(SharedElements, WorkerElements) * sizeof(T) <= GradientBytes && (groups * panels * channelBlocks >= LeastJobs || multiplyAdds < WorkWithoutThreads);

    /// <inheritdoc/>
    public double Cost
    {
        get
        {
            const double turning = 0.55, perPanel = 6, perRun = 0.5;
            var rows = PanelKernel<TVector, T, TLanes>.CostOfRows(inputs);
            var steps = taps.Sum(tap => (batch / (double)examplesAtOnce * (tap.End - tap.First) * (tap.Length + perRun)) + perPanel);
            return (PanelKernel<TVector, T, TLanes>.CostOfWidth(vectors, panels) * steps * rows * vectors) + (turning * outputs * ((inputs * (double)volume) + (batch * (double)outputPlane)));
        }
    }

    /// <inheritdoc/>
    public int Lanes => TLanes.Count;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var (chunk, step) = Math.DivRem(stage, 2);
        var firstExample = chunk * examplesAtOnce;
        var examples = Math.Min(examplesAtOnce, batch - firstExample);
        job = Math.DivRem(job, panels, out var panel);
        job = Math.DivRem(job, groups, out var group);
        var (lane, width) = PanelAt(panel);
        var gradient = shared + ((((nint)group * vectors * TLanes.Count) + lane) * examplesAtOnce * outputPlane);
        if (step == 0)
        {
            if (job >= examples) return;
            var from = operands.Output + (((((nint)(firstExample + job) * groups) + group) * outputs) + lane) * outputPlane;
            Transposition.Run(from, outputPlane, Math.Min(width, outputs - lane), (int)outputPlane, gradient + (job * outputPlane * width), width, false, TLanes.Count * sizeof(T) > 16);
            return;
        }

        int first = job * channelsAtOnce, end = Math.Min(inputs, first + channelsAtOnce);
        Multiply(operands.Input + (((((nint)firstExample * groups) + group) * inputs) + first) * inputPlane, end - first, examples, gradient, width, own);
        kernels.TurnBack<TVector, T, TLanes>(own, width, operands.Kernel + ((nint)group * outputs * inputs * volume), lane, first, end, operands.Accumulate || chunk > 0);
    }

    /// <summary>Some input channels of some examples by a panel of G: [c][tap][lanes].</summary>
    private void Multiply(T* source, int channels, int examples, T* gradient, int width, T* sums)
    {
        if (taps.Length < volume) new Span<T>(sums, checked((int)kernels.Elements(channels, width))).Clear();
        var offsets = (nint*)(sums + kernels.Elements(channelsAtOnce, mostWidth));
        var product = new PanelProduct<T> { LeftStride = inputPlane, LeftStep = sourceStep, RightPitch = width, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, ResultStride = (nint)volume * width };
        fixed (nint* lefts = sources)
        {
            foreach (var tap in taps)
            {
                // So many places at a time that their part of G is read from L2 for all channels.
                var runs = (tap.End - tap.First) / examplesAtOnce * examples;
                var runsAtOnce = Math.Max(1, PositionsAtOnce / tap.Length);
                for (var run = 0; run < runs; run++) offsets[run] = results[tap.First + run] * width;
                for (var run = 0; run < runs; run += runsAtOnce)
                {
                    product.LeftOffsets = lefts + tap.First + run;
                    product.RunOffsets = offsets + run;
                    product.Runs = Math.Min(runsAtOnce, runs - run);
                    for (var at = 0; at < tap.Length; at += product.RunLength)
                    {
                        product.RunLength = Math.Min(PositionsAtOnce, tap.Length - at);
                        product.Right = gradient + ((nint)at * width);
                        product.Add = run > 0 || at > 0;
                        for (int c = 0, height; c < channels; c += height)
                        {
                            height = PanelKernel<TVector, T, TLanes>.HeightFor(channels - c);
                            product.Rows = Math.Min(height, channels - c);
                            product.Left = source + (c * inputPlane) + ((nint)at * sourceStep);
                            product.Result = sums + ((((nint)c * volume) + tap.Element) * width);
                            PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                        }
                    }
                }
            }
        }
    }

    /// <summary>For each tap the runs of places that are inside, of as many examples as a part has: where they begin in the input and among the places of G.</summary>
    private (Tap[] Taps, nint[] Sources, nint[] Results) FindRuns(TapConvolution part)
    {
        List<Tap> found = [];
        List<nint> from = [], to = [];
        for (var tap = 0; tap < part.TapCount; tap++)
        {
            var (starts, length) = part.RunsInside(tap);
            if (starts.Length == 0) continue;
            // Rows without a gap between them are one run.
            if (sourceStep == 1 && starts.Index().All(run => run.Item.Source == starts[0].Source + ((long)run.Index * length) && run.Item.Result == starts[0].Result + ((long)run.Index * length)))
            {
                (starts, length) = ([starts[0]], starts.Length * length);
            }

            var first = from.Count;
            for (var example = 0; example < examplesAtOnce; example++)
            {
                foreach (var (source, result) in starts)
                {
                    from.Add((nint)((example * groups * inputs * (long)inputPlane) + source));
                    to.Add((nint)((example * (long)outputPlane) + result));
                }
            }

            found.Add(new Tap(part.Elements[tap], first, from.Count, length));
        }

        return ([.. found], [.. from], [.. to]);
    }

    private (int Lane, int Width) PanelAt(int panel) => Panel(vectors, panels, panel, TLanes.Count);

    /// <summary>A tap's kernel element, which of the runs found are its own, and their length.</summary>
    private readonly record struct Tap(int Element, int First, int End, int Length);
}
