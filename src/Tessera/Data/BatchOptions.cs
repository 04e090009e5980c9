namespace Tessera.Data;

/// <summary>How samples are put into batches.</summary>
public sealed record BatchOptions
{
    /// <summary>The most samples in a batch.</summary>
    public required int Size { get; init; }

    /// <summary>Whether every epoch has another order; otherwise the order is the dataset's.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Whether the samples that do not fill a last batch are left out.</summary>
    public bool DropLast { get; init; }

    /// <summary>Where order and augmentation come from.</summary>
    public long Seed { get; init; }

    /// <summary>What is done to each sample.</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;
}
