namespace Tessera.Kernels;

/// <summary>Work that every (n, c) plane does by itself: jobs are runs of planes, long enough to be worth handing out.</summary>
internal abstract unsafe class PlaneAlgorithm<T> : Algorithm<T>
    where T : unmanaged
{
    private const int ElementsPerJob = 16384;

    private readonly int planes;
    private readonly int planesPerJob;

    /// <param name="planes">N·C.</param>
    /// <param name="planeElements">What one plane costs, in elements read or written.</param>
    protected PlaneAlgorithm(int planes, long planeElements)
    {
        this.planes = planes;
        planesPerJob = (int)Math.Clamp(ElementsPerJob / planeElements, 1, planes);
        Stages = [(int)(((long)planes + planesPerJob - 1) / planesPerJob)];
    }

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var first = (long)job * planesPerJob;
        var end = Math.Min(planes, first + planesPerJob);
        for (var plane = first; plane < end; plane++) Execute(plane, operands);
    }

    /// <summary>Does one plane, numbered n·C + c.</summary>
    protected abstract void Execute(long plane, in Operands<T> operands);
}
