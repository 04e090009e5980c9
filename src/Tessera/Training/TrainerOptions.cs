using Tessera.Data;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>What a training needs beside its description: things of this run and machine.</summary>
public sealed record TrainerOptions
{
    /// <summary>Data to validate with after each epoch, instead of a part of the training data.</summary>
    public Dataset? Validation { get; init; }

    /// <summary>The file to write a checkpoint to after each epoch and on cancellation; null for none. Its folder must exist.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>The vector instructions that kernels may use.</summary>
    public InstructionSet Instructions { get; init; }
}
