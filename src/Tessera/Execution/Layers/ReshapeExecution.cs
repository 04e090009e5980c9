using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Execution.Layers;

/// <summary>Passes every element on: flatten, reshape, and dropout outside training. Nothing moves where memory can be shared.</summary>
internal sealed unsafe class ReshapeExecution<T>(long count) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override Overlay Output => Overlay.View;

    public override Overlay InputGradient => Overlay.View;

    public override void Forward()
    {
        if (Memory.Output == Memory.Inputs[0]) return;
        new ReadOnlySpan<T>(Memory.Inputs[0], (int)count).CopyTo(new Span<T>(Memory.Output, (int)count));
    }

    public override void Backward()
    {
        if (Memory.InputGradients[0] == Memory.OutputGradient) return;
        var g = new ReadOnlySpan<T>(Memory.OutputGradient, (int)count);
        var d = new Span<T>(Memory.InputGradients[0], (int)count);
        if (Memory.Accumulate[0]) TensorPrimitives.Add(d, g, d);
        else g.CopyTo(d);
    }
}
