using System.Numerics;

namespace Tessera.Execution.Layers;

/// <summary>Counts the winners that a max pooling left in its state, plane by plane, over all of what was pooled; all gradients are 0.</summary>
/// <param name="pooled">The pooling's output shape, [N, C, o…].</param>
/// <param name="input">Its input's.</param>
internal sealed unsafe class MaxPositionsExecution<T>(Sizes pooled, Sizes input) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int planes = pooled[0] * pooled[1];
    private readonly int each = (int)pooled.From(2).Product;
    private readonly long inputPlane = input.From(2).Product;

    public override void Forward() => Run(0, planes);

    public override void Backward()
    {
        if (Memory.InputGradients[0] != null && !Memory.Accumulate[0]) new Span<T>(Memory.InputGradients[0], planes * each).Clear();
    }

    protected override void Execute(int stage, int job)
    {
        var winners = (int*)Memory.ReferenceState + ((long)job * each);
        var z = Memory.Output + ((long)job * each);
        for (var p = 0; p < each; p++) z[p] = T.CreateTruncating((job * inputPlane) + winners[p]);
    }
}
