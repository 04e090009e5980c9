using Tessera.Data;
using Tessera.Onnx;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>What an ONNX model does not say of itself.</summary>
internal sealed record OnnxModelSettings
{
    /// <summary>What is said of the graph alone.</summary>
    public OnnxImportOptions Import { get; init; } = new();

    /// <summary>Whether the network is to take samples with their channels first though the model has them last.</summary>
    public bool ChannelsFirst { get; init; }

    /// <summary>What the network is trained with; null for what its last layer suggests.</summary>
    public Loss? Loss { get; init; }

    /// <summary>A text file with the name of a class in each line; null for none.</summary>
    public string? ClassFile { get; init; }

    /// <summary>The mean of each channel of the samples, or one for all; null for 0.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>The standard deviation of each channel of the samples, or one for all; null for 1.</summary>
    public IReadOnlyList<float>? Deviation { get; init; }

    /// <summary>An option that was given, so that it can be refused of what is no ONNX model; null where none was.</summary>
    public string? Given { get; init; }

    /// <summary>The names in the file.</summary>
    /// <exception cref="UsageException">There is no such file, or there are no names in it.</exception>
    public IReadOnlyList<string> ReadClassNames()
    {
        if (ClassFile is null) return [];
        if (!File.Exists(ClassFile)) throw new UsageException($"--classes {ClassFile}: there is no such file; give a text file with the name of a class in each line.");
        var names = File.ReadAllLines(ClassFile).Select(static line => line.Trim()).ToList();
        while (names.Count > 0 && names[^1].Length == 0) names.RemoveAt(names.Count - 1);
        return names.Count > 0 ? names : throw new UsageException($"--classes {ClassFile}: it is empty; write the name of a class in each line.");
    }

    /// <summary>The normalisation of samples of a shape; null where nothing is said.</summary>
    /// <exception cref="UsageException">There are not as many numbers as channels.</exception>
    public Normalise? NormalisationOf(Sizes sampleShape)
    {
        if (Mean is null && Deviation is null) return null;
        return new Normalise(Each(Mean ?? [0], "--mean", sampleShape), Each(Deviation ?? [1], "--deviation", sampleShape));
    }

    private static IReadOnlyList<float> Each(IReadOnlyList<float> numbers, string option, Sizes shape)
    {
        if (numbers.Count == 1) return [.. Enumerable.Repeat(numbers[0], shape[0])];
        if (numbers.Count == shape[0]) return numbers;
        throw new UsageException($"{option}: {numbers.Count} numbers, but the model takes samples of [{string.Join(", ", shape)}], whose first axis has {shape[0]}; give one number for all, or {shape[0]}.");
    }
}
