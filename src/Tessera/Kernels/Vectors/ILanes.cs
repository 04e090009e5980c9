namespace Tessera.Kernels.Vectors;

/// <summary>
/// A vector register of <typeparamref name="T"/> as kernels see it. Kernels are written once over this interface; its
/// implementations are empty structs, so the compiler makes one body for each width with the instructions inlined.
/// </summary>
/// <typeparam name="TVector">The runtime's own vector type.</typeparam>
/// <typeparam name="T">float or double.</typeparam>
internal unsafe interface ILanes<TVector, T>
    where TVector : struct
    where T : unmanaged
{
    /// <summary>How many numbers a vector holds.</summary>
    static abstract int Count { get; }

    /// <summary>Whether there are 32 vector registers, so that a kernel may hold 24 sums.</summary>
    static abstract bool HasManyRegisters { get; }

    /// <summary>What the vectors are called in a plan's words.</summary>
    static abstract string Name { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(T* from);

    static abstract void Store(TVector vector, T* to);

    static abstract TVector Broadcast(T value);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Subtract(TVector left, TVector right);

    static abstract TVector Multiply(TVector left, TVector right);

    /// <summary>The larger of each pair, as the processor does it; the right one where that is not a number.</summary>
    static abstract TVector Max(TVector left, TVector right);

    /// <summary>The smaller of each pair, as the processor does it; the right one where that is not a number.</summary>
    static abstract TVector Min(TVector left, TVector right);

    /// <summary>The bits that both have: a vector, or the part of it that a mask leaves.</summary>
    static abstract TVector And(TVector left, TVector right);

    /// <summary>A mask that leaves the lanes from one on.</summary>
    static abstract TVector From(int lane);

    /// <summary>The sum of all lanes, always in the same order.</summary>
    static abstract T Sum(TVector vector);

    /// <summary>left · right + addend, rounded once where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);
}
