using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// What is done to each element by itself: Z = factor[c] · V + shift[c] + residual, or times it, then the layer's functions. Factors and shifts are left out
/// where there are none, so that this is a sum or a product of two tensors, a normalisation or an activation that stands alone. What is added or
/// multiplied by may have one position for each channel, which all take.
/// </summary>
internal sealed unsafe class BlockedSum<TVector, T, TLanes>(Sizes shape, bool scales, bool multiplies, bool repeats) : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly int channels = shape[1];
    private readonly int blocks = (shape[1] + TLanes.Count - 1) / TLanes.Count;
    private readonly nint plane = (nint)shape.From(2).Product;

    public override string Name => scales ? "blocked normalisation" : multiplies ? "blocked product of elements" : "blocked sum";

    public override long PackedElements => scales ? 2L * blocks * TLanes.Count : 0;

    public override int PackJobs => scales ? 1 : 0;

    public override int[] Stages { get; } = [shape[0] * ((shape[1] + TLanes.Count - 1) / TLanes.Count)];

    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
        new Span<T>(packed, (int)PackedElements).Clear();
        new Span<T>(parameters.Factors, channels).CopyTo(new Span<T>(packed, channels));
        new Span<T>(parameters.Bias, channels).CopyTo(new Span<T>(packed + ((nint)blocks * TLanes.Count), channels));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        var example = Math.DivRem(job, blocks, out var block);
        var length = plane * TLanes.Count;
        var from = operands.Input + (example * operands.InputExample) + (block * length);
        var to = operands.Output + (example * operands.OutputExample) + (block * length);
        var residual = operands.Residual == null ? null : operands.Residual + (example * operands.ResidualExample) + (block * (repeats ? TLanes.Count : length));
        TVector factor = TLanes.Zero, shift = TLanes.Zero, other = TLanes.Zero;
        if (residual != null) other = TLanes.Load(residual);
        if (scales)
        {
            factor = TLanes.Load(operands.Packed + ((nint)block * TLanes.Count));
            shift = TLanes.Load(operands.Packed + (((nint)blocks + block) * TLanes.Count));
        }

        bool rectify = operands.Finish.Rectifies, isBounded = operands.Finish.IsBounded;
        var bound = TLanes.Broadcast(operands.Finish.Bound);
        for (nint i = 0; i < length; i += TLanes.Count)
        {
            var x = TLanes.Load(from + i);
            if (scales) x = TLanes.MultiplyAdd(x, factor, shift);
            if (residual != null)
            {
                if (!repeats) other = TLanes.Load(residual + i);
                x = multiplies ? TLanes.Multiply(x, other) : TLanes.Add(x, other);
            }

            if (rectify) x = TLanes.Max(TLanes.Zero, x);
            if (isBounded) x = TLanes.Min(bound, x);
            TLanes.Store(x, to + i);
        }

        operands.Finish.ApplyRest(to, length);
    }
}
