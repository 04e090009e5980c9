using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>The largest of each group of channels. The gradient goes to the first channel of the group that equals the output.</summary>
/// <param name="shape">The output [N, M, i…].</param>
/// <param name="size">The channels of a group.</param>
[SkipLocalsInit]
internal sealed unsafe class ChannelPoolExecution<T>(Sizes shape, int size) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly int groups = shape[0] * shape[1];
    private readonly int plane = (int)shape.From(2).Product;

    public override bool BackwardReadsInputs => true;

    public override bool BackwardReadsOutput => true;

    // A job takes several groups where planes are small, down to single numbers after a dense layer.
    private int GroupsPerJob => Math.Max(1, (8 * Chunks.Elements) / plane);

    public override void Forward() => Run(ForwardStage, (groups + GroupsPerJob - 1) / GroupsPerJob);

    public override void Backward() => Run(BackwardStage, (groups + GroupsPerJob - 1) / GroupsPerJob);

    protected override void Execute(int stage, int job)
    {
        var end = Math.Min(groups, (job + 1) * GroupsPerJob);
        for (var group = job * GroupsPerJob; group < end; group++)
        {
            for (var p = 0; p < plane; p += Chunks.Elements)
            {
                var length = Math.Min(Chunks.Elements, plane - p);
                if (stage == ForwardStage) Choose(group, p, length);
                else Spread(group, p, length);
            }
        }
    }

    private void Choose(int group, int p, int length)
    {
        var y = new Span<T>(Memory.Output + ((long)group * plane) + p, length);
        Channel(Memory.Inputs[0], group, 0, p, length).CopyTo(y);
        for (var i = 1; i < size; i++) TensorPrimitives.Max<T>(y, Channel(Memory.Inputs[0], group, i, p, length), y);
    }

    private void Spread(int group, int p, int length)
    {
        Span<T> left = stackalloc T[Chunks.Elements], won = stackalloc T[Chunks.Elements];
        left = left[..length];
        won = won[..length];
        var y = new ReadOnlySpan<T>(Memory.Output + ((long)group * plane) + p, length);
        new ReadOnlySpan<T>(Memory.OutputGradient + ((long)group * plane) + p, length).CopyTo(left);
        for (var i = 0; i < size; i++)
        {
            // won is the gradient where this channel equals the output, and what is left of it is 0 there from now on.
            TensorPrimitives.Subtract(y, Channel(Memory.Inputs[0], group, i, p, length), won);
            VectorLoops.Map<T, WhereZero>(won, left, won, default);
            TensorPrimitives.Subtract<T>(left, won, left);
            var d = Channel(Memory.InputGradients[0], group, i, p, length);
            if (Memory.Accumulate[0]) TensorPrimitives.Add<T>(d, won, d);
            else won.CopyTo(d);
        }
    }

    private Span<T> Channel(T* values, int group, int i, int p, int length) =>
        new(values + ((((long)group * size) + i) * plane) + p, length);

    /// <summary>The second element where the first is 0, else 0.</summary>
    private readonly struct WhereZero : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> difference, Vector<T> value) =>
            Vector.ConditionalSelect(Vector.Equals(difference, Vector<T>.Zero), value, Vector<T>.Zero);
    }
}
