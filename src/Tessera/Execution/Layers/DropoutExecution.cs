using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tessera.Execution.Layers;

/// <summary>
/// Multiplies each element by 0 or by 1 / (1 − rate). The factors are drawn again in the backward pass instead of being
/// kept: they follow from the seed, the layer's place, the step and the piece of the row.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class DropoutExecution<T>(long count, double rate, int index) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    /// <summary>An element falls where 32 random bits are below this.</summary>
    private readonly uint threshold = (uint)Math.Min(uint.MaxValue, Math.Round(rate * 4294967296.0));
    private readonly T kept = T.CreateChecked(1 / (1 - rate));

    private long key;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override void Forward()
    {
        key = Pass.KeyOf(index);
        Run(ForwardStage, Chunks.Jobs(count));
    }

    public override void Backward() => Run(BackwardStage, Chunks.Jobs(count));

    protected override void Execute(int stage, int job)
    {
        Span<T> factors = stackalloc T[Chunks.Elements];
        foreach (var (start, length) in new Chunks(count, job))
        {
            Draw(factors, start);
            var part = factors[..length];
            if (stage == ForwardStage)
            {
                TensorPrimitives.Multiply(new ReadOnlySpan<T>(Memory.Inputs[0] + start, length), part, new Span<T>(Memory.Output + start, length));
                continue;
            }

            var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, length);
            var d = new Span<T>(Memory.InputGradients[0] + start, length);
            if (Memory.Accumulate[0]) TensorPrimitives.MultiplyAdd(g, part, d, d);
            else TensorPrimitives.Multiply(g, part, d);
        }
    }

    /// <summary>Fills a whole piece: random bits first, which then are compared a vector at a time, for branches on them would be mispredicted.</summary>
    private void Draw(Span<T> factors, long start)
    {
        var random = new RandomSource(key, start);
        var words = MemoryMarshal.Cast<T, ulong>(factors);
        for (var i = 0; i < words.Length; i++)
        {
            var bits = random.NextBits();
            if (sizeof(T) == sizeof(float))
            {
                words[i] = bits;
                continue;
            }

            // Double takes the same 32 bits for an element as float does.
            words[i++] = (uint)bits;
            words[i] = bits >> 32;
        }

        var keep = new Vector<T>(kept);
        for (var i = 0; i < factors.Length; i += Vector<T>.Count)
        {
            var drawn = new Vector<T>(factors[i..]);
            var falls = sizeof(T) == sizeof(float)
                ? Vector.LessThan(drawn.As<T, uint>(), new Vector<uint>(threshold)).As<uint, T>()
                : Vector.LessThan(drawn.As<T, ulong>(), new Vector<ulong>(threshold)).As<ulong, T>();
            Vector.ConditionalSelect(falls, Vector<T>.Zero, keep).CopyTo(factors[i..]);
        }
    }
}
