using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tessera.Execution.Layers;

/// <summary>The places of largest numbers along an axis; all gradients are 0. A number that is none is never larger.</summary>
[SkipLocalsInit]
internal sealed unsafe class ArgMaxExecution<T> : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const long JobElements = 32 * Chunks.Elements;

    private readonly bool last;
    private readonly long outer;
    private readonly int length;
    private readonly int inner;
    private readonly int jobs;

    public ArgMaxExecution(Sizes input, int axis, bool last)
    {
        this.last = last;
        length = input[axis];
        inner = (int)input.From(axis + 1).Product;
        outer = input.Product / ((long)length * inner);
        jobs = (int)Math.Clamp(input.Product / JobElements, 1, outer);
    }

    public override void Forward() => Run(0, jobs);

    public override void Backward()
    {
        if (Memory.InputGradients[0] != null && !Memory.Accumulate[0]) new Span<T>(Memory.InputGradients[0], (int)(outer * length * inner)).Clear();
    }

    protected override void Execute(int stage, int job)
    {
        for (var o = outer * job / jobs; o < outer * (job + 1) / jobs; o++)
        {
            var x = Memory.Inputs[0] + (o * length * inner);
            var z = Memory.Output + (o * inner);
            if (inner == 1) *z = Along(x);
            else Across(x, z);
        }
    }

    private T Along(T* x)
    {
        var best = 0;
        for (var k = 1; k < length; k++)
        {
            if (x[k] > x[best] || (last && x[k] == x[best])) best = k;
        }

        return T.CreateTruncating(best);
    }

    private void Across(T* x, T* z)
    {
        T* best = stackalloc T[Chunks.Elements];
        for (var first = 0; first < inner; first += Chunks.Elements)
        {
            var count = Math.Min(Chunks.Elements, inner - first);
            new Span<T>(x + first, count).CopyTo(new Span<T>(best, count));
            new Span<T>(z + first, count).Clear();
            for (var k = 1; k < length; k++)
            {
                var row = x + ((long)k * inner) + first;
                var place = T.CreateTruncating(k);
                for (var j = 0; j < count; j++)
                {
                    if (!(row[j] > best[j] || (last && row[j] == best[j]))) continue;
                    best[j] = row[j];
                    z[first + j] = place;
                }
            }
        }
    }
}
