namespace Tessera.Kernels.Shifted;

/// <summary>Runs of a laid out source, all of the same length in vectors, that rows are multiplied with one after the other.</summary>
internal readonly unsafe struct ShiftedRuns<T>(T* @base, int* starts, int count, int vectors)
    where T : unmanaged
{
    /// <summary>What the starts are counted from.</summary>
    public readonly T* Base = @base;

    /// <summary>Where each run begins.</summary>
    public readonly int* Starts = starts;

    /// <summary>How many.</summary>
    public readonly int Count = count;

    /// <summary>Their length.</summary>
    public readonly int Vectors = vectors;
}
