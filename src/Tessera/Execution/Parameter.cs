using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Networks;

namespace Tessera.Execution;

/// <summary>One named parameter of a network, or its gradient, with its numbers.</summary>
public sealed unsafe class Parameter<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] memory;

    internal Parameter(string name, ParameterDescription description)
    {
        Name = name;
        Description = description;
        // Pinned, so that executions can hold its address for as long as they live.
        memory = GC.AllocateArray<T>(checked((int)description.Shape.Product), pinned: true);
        Value = Tensor.Create(memory, description.Shape.ToLengths());
    }

    /// <summary>The layer's name and the parameter's, such as <c>conv1.kernel</c>.</summary>
    public string Name { get; }

    /// <summary>Shape, fan-in and role.</summary>
    public ParameterDescription Description { get; }

    /// <summary>What it does in its layer.</summary>
    public ParameterRole Role => Description.Role;

    /// <summary>Whether an optimiser changes it.</summary>
    public bool IsTrained => Description.IsTrained;

    /// <summary>The numbers as a tensor of the description's shape.</summary>
    public Tensor<T> Value { get; }

    /// <summary>The same numbers in row-major order.</summary>
    public Span<T> Span => memory;

    /// <summary>The same numbers, for writers.</summary>
    internal ReadOnlyMemory<T> Memory => memory;

    /// <summary>Where the numbers stand; they never move while this object lives.</summary>
    internal T* Pointer => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
}
