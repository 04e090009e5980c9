using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>A tensor with NaN before and after it, not aligned to anything: what a kernel reads there spoils its result, what it writes is found.</summary>
internal sealed class Guarded<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Guard = 67;

    private readonly T[] memory;
    private readonly nint[] lengths;

    public Guarded(Sizes shape, ReadOnlySpan<T> values)
    {
        lengths = shape.ToLengths();
        memory = new T[(int)shape.Product + (2 * Guard)];
        Array.Fill(memory, T.NaN);
        values.CopyTo(Values);
    }

    public Span<T> Values => memory.AsSpan(Guard, memory.Length - (2 * Guard));

    public TensorSpan<T> Tensor => new(Values, lengths);

    /// <summary>Fails if anything was written before or after the tensor.</summary>
    public void CheckGuards(string what)
    {
        for (var i = 0; i < Guard; i++)
        {
            if (!T.IsNaN(memory[i]) || !T.IsNaN(memory[^(i + 1)])) Assert.Fail($"{what}: something was written outside of the tensor");
        }
    }

    public static bool SameBits(ReadOnlySpan<T> left, ReadOnlySpan<T> right) => MemoryMarshal.AsBytes(left).SequenceEqual(MemoryMarshal.AsBytes(right));
}
