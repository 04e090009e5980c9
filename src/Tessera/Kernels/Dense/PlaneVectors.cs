namespace Tessera.Kernels.Dense;

/// <summary>Up to three vectors of positions in the planes of source channels.</summary>
/// <param name="plane">The first vector in channel 0.</param>
/// <param name="next">From one channel to the next.</param>
/// <param name="second">From the first vector to the second.</param>
/// <param name="third">From the first vector to the third.</param>
/// <param name="count">How many vectors there are.</param>
internal readonly unsafe struct PlaneVectors<T>(T* plane, nint next, nint second, nint third, int count)
    where T : unmanaged
{
    public readonly T* Plane = plane;
    public readonly nint Next = next;
    public readonly nint Second = second;
    public readonly nint Third = third;
    public readonly int Count = count;
}
