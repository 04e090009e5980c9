using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>The product of its inputs; an input's gradient is the output's times all other inputs.</summary>
[SkipLocalsInit]
internal sealed unsafe class MultiplyExecution<T>(long count, int inputs) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    public override Overlay Output => Overlay.Overwrite;

    public override bool BackwardReadsInputs => true;

    public override void Forward() => Run(ForwardStage, Chunks.Jobs(count));

    public override void Backward() => Run(BackwardStage, Chunks.Jobs(count));

    protected override void Execute(int stage, int job)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements];
        foreach (var (start, length) in new Chunks(count, job))
        {
            if (stage == ForwardStage)
            {
                var z = new Span<T>(Memory.Output + start, length);
                TensorPrimitives.Multiply(At(Memory.Inputs[0], start, length), At(Memory.Inputs[1], start, length), z);
                for (var i = 2; i < inputs; i++) TensorPrimitives.Multiply(z, At(Memory.Inputs[i], start, length), z);
                Subnormals.Flush(z);
                continue;
            }

            for (var i = 0; i < inputs; i++)
            {
                if (Memory.InputGradients[i] == null) continue;
                var product = scratch[..length];
                At(Memory.OutputGradient, start, length).CopyTo(product);
                for (var other = 0; other < inputs; other++)
                {
                    if (other != i) TensorPrimitives.Multiply(product, At(Memory.Inputs[other], start, length), product);
                }

                Subnormals.Flush(product);
                var d = new Span<T>(Memory.InputGradients[i] + start, length);
                if (Memory.Accumulate[i]) TensorPrimitives.Add(d, product, d);
                else product.CopyTo(d);
            }
        }
    }

    private static ReadOnlySpan<T> At(T* values, long start, int length) => new(values + start, length);
}
