using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;

namespace Tessera.Cli;

/// <summary>What a network gives for one sample after another, as its last layers give it: to be told of and written to files.</summary>
internal sealed class PredictedOutputs
{
    private readonly List<float>[] kept;

    /// <summary>Of a network's outputs.</summary>
    /// <param name="trained">The network.</param>
    public PredictedOutputs(TrainedModel trained)
    {
        var network = trained.Model.Network;
        var shapes = network.Shapes(1);
        var places = network.Layers.Index().ToDictionary(static layer => layer.Item.Name, static layer => layer.Index, StringComparer.Ordinal);
        Outputs = [.. trained.Outputs.Select(output => (output.Name, output.Layer, OfOne(shapes[places[output.Layer]])))];
        kept = [.. Outputs.Select(static _ => new List<float>())];
    }

    /// <summary>What each is called, the layer that gives it, and its shape for one sample.</summary>
    public IReadOnlyList<(string Name, string Layer, Sizes Shape)> Outputs { get; }

    /// <summary>Keeps an output of a sample for the files.</summary>
    public void Keep(int output, float[] values) => kept[output].AddRange(values);

    /// <summary>The files that <see cref="Write"/> makes: one .npz, or one .npy for each output, with its name where there are several.</summary>
    public IReadOnlyList<string> Files(string path)
    {
        if (path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase)) return [path];
        if (!path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase)) throw new UsageException($"--out {path}: the end of the name says the kind of file; give one that ends in .npy, or in .npz for all outputs in one file.");
        return Outputs.Count == 1 ? [path] : [.. SafeNames().Select(name => $"{path[..^4]}_{name}.npy")];
    }

    /// <summary>Writes every sample's outputs, [N, …] each.</summary>
    public void Write(string path)
    {
        var arrays = Outputs.Select((output, index) => NpyArray.Create<float>([kept[index].Count / (int)output.Shape.Product, .. output.Shape.AsSpan()], kept[index].ToArray())).ToArray();
        var files = Files(path);
        if (path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase)) NpzFile.Write(path, SafeNames().Zip(arrays, static (name, array) => KeyValuePair.Create(name, array)));
        else for (var index = 0; index < files.Count; index++) NpyFile.Write<float>(files[index], arrays[index].ToTensor<float>());
    }

    /// <summary>The names as files may be called, each once.</summary>
    private List<string> SafeNames()
    {
        var names = new List<string>();
        foreach (var (name, _, _) in Outputs)
        {
            var safe = string.Concat(name.Select(static letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-')).TrimStart('.');
            var number = 2;
            for (var wanted = safe; safe.Length == 0 || names.Contains(safe, StringComparer.OrdinalIgnoreCase); number++) safe = $"{(wanted.Length == 0 ? "output" : wanted)}-{number}";
            names.Add(safe);
        }

        return names;
    }

    /// <summary>Without the batch of 1, where the shape begins with it.</summary>
    private static Sizes OfOne(Sizes shape) => shape.Count > 0 && shape[0] == 1 ? shape.From(1) : shape;
}
