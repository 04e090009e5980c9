using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// Turns a tensor of planes into blocks, or blocks into planes, a job for each block of channels of an example. Lanes beyond the channels become zeros.
/// <code>
///     planes [C][positions]   ⇄   blocks [⌈C / B⌉][positions][B]
/// </code>
/// </summary>
internal sealed unsafe class BlockedLayout<T>(Sizes shape, int width, bool toBlocks) : BlockedAlgorithm<T>
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
{
    private readonly int channels = shape[1];
    private readonly int blocks = (shape[1] + width - 1) / width;
    private readonly int plane = (int)shape.From(2).Product;

    public override string Name => toBlocks ? "planes to blocks" : "blocks to planes";

    public override int[] Stages { get; } = [shape[0] * ((shape[1] + width - 1) / width)];

    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        var example = Math.DivRem(job, blocks, out var block);
        var lanes = Math.Min(width, channels - (block * width));
        var first = (nint)block * width * plane;
        var from = operands.Input + (example * operands.InputExample) + first;
        var to = operands.Output + (example * operands.OutputExample) + first;
        if (!toBlocks)
        {
            Transposition.Run(from, width, plane, lanes, to, plane, false, width * sizeof(T) > 16);
            return;
        }

        if (lanes < width) new Span<T>(to, plane * width).Clear();
        Transposition.Run(from, plane, lanes, plane, to, width, false, width * sizeof(T) > 16);
    }
}
