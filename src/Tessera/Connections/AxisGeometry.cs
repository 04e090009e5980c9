namespace Tessera.Connections;

/// <summary>One spatial axis of an operator, fully resolved: output position p and kernel offset q meet input x(p, q) = p·stride + offset(q).</summary>
/// <param name="Input">Input size i.</param>
/// <param name="Output">Output size o.</param>
/// <param name="Kernel">Kernel size k.</param>
/// <param name="Stride">Stride s.</param>
/// <param name="Dilation">Dilation δ: the distance between neighbouring kernel elements.</param>
/// <param name="PadLow">Zeros before the input.</param>
/// <param name="PadHigh">Zeros after the input.</param>
/// <param name="Tile">Tile size t: kernels repeat every t output positions.</param>
/// <param name="Flip">Whether the kernel is laid over the input backwards (convolution in the mathematical sense).</param>
public readonly record struct AxisGeometry(
    int Input, int Output, int Kernel, int Stride, int Dilation, int PadLow, int PadHigh, int Tile, bool Flip)
{
    /// <summary>D = dilation · (kernel − 1) + 1.</summary>
    public int DilatedKernel => (Dilation * (Kernel - 1)) + 1;

    /// <summary>The input coordinate that kernel element q meets at output position 0 (negative inside the padding).</summary>
    public int Offset(int q) => ((Flip ? Kernel - 1 - q : q) * Dilation) - PadLow;

    /// <summary>The output positions [First, End) at which kernel element q meets a real input, not padding.</summary>
    public (int First, int End) Reach(int q)
    {
        var offset = Offset(q);
        var first = offset >= 0 ? 0 : (-offset + Stride - 1) / Stride;
        var end = Input - offset <= 0 ? 0 : Math.Min(Output, ((Input - offset - 1) / Stride) + 1);
        return (Math.Min(first, Output), Math.Max(end, Math.Min(first, Output)));
    }

    /// <summary>How many inputs no kernel element ever meets.</summary>
    public int UnreadInputs()
    {
        var read = new bool[Input];
        for (var q = 0; q < Kernel; q++)
        {
            var (first, end) = Reach(q);
            for (var p = first; p < end; p++) read[(p * Stride) + Offset(q)] = true;
        }

        return read.Count(static r => !r);
    }
}
