using Tessera.Connections;

namespace Tessera.Training;

/// <summary>What is compared in a <see cref="SharingExperiment{T}"/>: which sharings, in which layers, and for how long all go together first.</summary>
public sealed record SharingExperimentDescription
{
    /// <summary>The sharings, each trained as a variant of its own. A tile of a single number is for every axis.</summary>
    public IReadOnlyList<Sharing> Sharings { get; init; } = [Sharing.Shared, Sharing.Tiled([2]), Sharing.Unshared];

    /// <summary>The layers whose sharing varies, by name; empty for every convolution that has more than one output position. What the model says of their sharing is not used.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>After how many epochs the shared kernels are untied, from 0 (from the same initial weights) to less than the model's epochs.</summary>
    public int UntieAfter { get; init; }

    /// <summary>Throws where a setting makes no sense, before there is a network.</summary>
    /// <param name="epochs">The epochs of the whole training.</param>
    /// <exception cref="ArgumentException">The message names the setting, its value and what it must be.</exception>
    internal void Check(int epochs)
    {
        if (Sharings.Count == 0) throw new ArgumentException("sharing: there is nothing to compare; give at least one sharing, such as shared or unshared.");
        if (Sharings.GroupBy(sharing => sharing).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"sharing: {twice.Key} stands twice; name each sharing once.");
        if (UntieAfter < 0) throw new ArgumentException($"sharing: untying after {UntieAfter} epochs; give 0 (from the start) or more.");
        if (UntieAfter >= epochs)
            throw new ArgumentException($"sharing: untying after {UntieAfter} epochs leaves none of {epochs} to train untied; untie after at most {epochs - 1}, or train for more epochs.");
    }
}
