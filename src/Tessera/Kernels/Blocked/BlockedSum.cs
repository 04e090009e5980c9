using System.Numerics;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// What is done to each element by itself: Z = factor[c] · V + shift[c] + residual, then the layer's functions. Factors and shifts are left out where
/// there are none, so that this is a sum of two tensors, a normalisation or an activation that stands alone.
/// </summary>
internal sealed unsafe class BlockedSum<TVector, T, TLanes>(Sizes shape, bool scales) : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly int channels = shape[1];
    private readonly int blocks = (shape[1] + TLanes.Count - 1) / TLanes.Count;
    private readonly nint plane = (nint)shape.From(2).Product;

    public override string Name => scales ? "blocked normalisation" : "blocked sum";

    public override long PackedElements => scales ? 2L * blocks * TLanes.Count : 0;

    public override int PackJobs => scales ? 1 : 0;

    public override int[] Stages { get; } = [shape[0] * ((shape[1] + TLanes.Count - 1) / TLanes.Count)];

    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
        new Span<T>(packed, (int)PackedElements).Clear();
        new Span<T>(parameters.Factors, channels).CopyTo(new Span<T>(packed, channels));
        new Span<T>(parameters.Bias, channels).CopyTo(new Span<T>(packed + ((nint)blocks * TLanes.Count), channels));
    }

    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        var example = Math.DivRem(job, blocks, out var block);
        var length = plane * TLanes.Count;
        var from = operands.Input + (example * operands.InputExample) + (block * length);
        var to = operands.Output + (example * operands.OutputExample) + (block * length);
        var residual = operands.Residual == null ? null : operands.Residual + (example * operands.ResidualExample) + (block * length);
        TVector factor = TLanes.Zero, shift = TLanes.Zero;
        if (scales)
        {
            factor = TLanes.Load(operands.Packed + ((nint)block * TLanes.Count));
            shift = TLanes.Load(operands.Packed + (((nint)blocks + block) * TLanes.Count));
        }

        var rectify = operands.Finish.Rectifies;
        for (nint i = 0; i < length; i += TLanes.Count)
        {
            var x = TLanes.Load(from + i);
            if (scales) x = TLanes.MultiplyAdd(x, factor, shift);
            if (residual != null) x = TLanes.Add(x, TLanes.Load(residual + i));
            if (rectify) x = TLanes.Max(TLanes.Zero, x);
            TLanes.Store(x, to + i);
        }

        operands.Finish.ApplyRest(to, length);
    }
}
