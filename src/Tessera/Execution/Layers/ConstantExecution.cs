using System.Numerics;

namespace Tessera.Execution.Layers;

/// <summary>Gives a parameter as the output: where it stands, or, where a caller has other memory for the output, as a copy.</summary>
internal sealed unsafe class ConstantExecution<T>(long count) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override bool OutputIsParameter => true;

    public override void Forward()
    {
        if (Memory.Output != Memory.Parameters[0]) new ReadOnlySpan<T>(Memory.Parameters[0], (int)count).CopyTo(new Span<T>(Memory.Output, (int)count));
    }

    public override void Backward()
    {
        if (Memory.ParameterGradients[0] != null) new ReadOnlySpan<T>(Memory.OutputGradient, (int)count).CopyTo(new Span<T>(Memory.ParameterGradients[0], (int)count));
    }
}
