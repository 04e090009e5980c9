namespace Tessera.Connections;

/// <summary>
/// A run of one axis's positions that are copied: target position Target + i · TargetStep takes what stands at Source + i · SourceStep,
/// for i from 0 to Count − 1. A target step of 0 sums the run into one position.
/// </summary>
/// <param name="Count">The number of positions.</param>
/// <param name="Target">The first target position.</param>
/// <param name="TargetStep">The distance between target positions, never negative.</param>
/// <param name="Source">What the first is copied from.</param>
/// <param name="SourceStep">The distance between sources; 0 repeats one.</param>
internal readonly record struct CopySegment(int Count, int Target, int TargetStep, int Source, int SourceStep)
{
    /// <summary>Whether these positions have no source and are filled with a constant.</summary>
    public bool IsFill { get; init; }

    /// <summary>Whether the sources are added to what an earlier segment has written there.</summary>
    public bool Adds { get; init; }

    /// <summary>Target and source the other way round.</summary>
    public CopySegment Turned => Count == 1 ? new CopySegment(1, Source, 1, Target, 1)
        : SourceStep < 0 ? new CopySegment(Count, Source + ((Count - 1) * SourceStep), -SourceStep, Target + ((Count - 1) * TargetStep), -TargetStep)
        : new CopySegment(Count, Source, SourceStep, Target, TargetStep);

    /// <summary>A run that is filled with a constant.</summary>
    public static CopySegment Fill(int first, int count) => new(count, first, 1, 0, 0) { IsFill = true };

    /// <summary>The i of the target positions from <paramref name="low"/> to <paramref name="high"/>, its end left out.</summary>
    public (int First, int End) Within(int low, int high)
    {
        if (TargetStep == 1) return (Math.Max(0, low - Target), Math.Min(Count, high - Target));
        if (TargetStep == 0) return Target >= low && Target < high ? (0, Count) : (0, 0);
        return (low <= Target ? 0 : (low - Target + TargetStep - 1) / TargetStep, high <= Target ? 0 : Math.Min(Count, (high - Target + TargetStep - 1) / TargetStep));
    }
}
