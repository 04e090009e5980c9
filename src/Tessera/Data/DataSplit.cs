namespace Tessera.Data;

/// <summary>What a source of data offers: samples to train with and, where it has them, samples to test with.</summary>
/// <param name="Training">The samples to train (and validate) with.</param>
/// <param name="Test">The samples that training never sees, if there are any.</param>
public sealed record DataSplit(Dataset Training, Dataset? Test);
