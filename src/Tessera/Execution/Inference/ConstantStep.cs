using System.Numerics;

namespace Tessera.Execution.Inference;

/// <summary>A constant of the network: it is written when parameters are taken and stands for good, so that a run has nothing to do.</summary>
internal sealed unsafe class ConstantStep<T>(Parameter<T> value, TensorPlace place) : InferenceStep<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override string Algorithm => "constant, written beforehand";

    public override void Update() => value.Span.CopyTo(new Span<T>(Memory.At(place), value.Span.Length));

    public override void Run(int part)
    {
    }

    protected override void Execute(int stage, int job, int worker)
    {
    }
}
