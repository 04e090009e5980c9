using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Onnx.Import;

/// <summary>The layers that an import has made so far, with the numbers of their parameters.</summary>
internal sealed class LayerList
{
    private readonly List<Layer> layers = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal) { NetworkDescription.InputName };
    private readonly Dictionary<string, Action<Span<float>>> numbers = new(StringComparer.Ordinal);

    /// <summary>A name that no other layer has, as near to <paramref name="wanted"/> as can be.</summary>
    public string NameFor(string wanted)
    {
        var name = wanted.Length == 0 ? "layer" : wanted;
        for (var number = 2; !names.Add(name); number++) name = FormattableString.Invariant($"{(wanted.Length == 0 ? "layer" : wanted)}_{number}");
        return name;
    }

    public void Add(Layer layer) => layers.Add(layer);

    public Layer Find(string name) => layers.Find(layer => layer.Name == name)!;

    public void Replace(Layer layer) => layers[layers.FindIndex(old => old.Name == layer.Name)] = layer;

    /// <summary>What a parameter (by its full name, such as conv1.kernel) is filled with.</summary>
    public void Fill(string parameter, Action<Span<float>> fill) => numbers[parameter] = fill;

    /// <summary>The network of the layers that the outputs depend on; the first output's layer stands last.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="input">The shape of one example.</param>
    /// <param name="outputs">The layers whose outputs are wanted, the first of them taken by no other layer.</param>
    public (NetworkDescription Network, NetworkParameters<float> Parameters) Build(string name, Sizes input, IReadOnlyList<string> outputs)
    {
        var byName = layers.ToDictionary(static layer => layer.Name, StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(outputs);
        while (open.TryPop(out var next))
        {
            if (next == NetworkDescription.InputName || !used.Add(next)) continue;
            foreach (var source in byName[next].Inputs) open.Push(source);
            if (byName[next].Reference is { } reference) open.Push(reference);
        }

        var kept = layers.Where(layer => used.Contains(layer.Name) && layer.Name != outputs[0]).Append(byName[outputs[0]]).ToArray();
        var network = new NetworkDescription(name, input, kept, [.. outputs.Skip(1).Where(output => output != outputs[0]).Distinct()]);
        var parameters = NetworkParameters<float>.Zero(network);
        foreach (var parameter in parameters) numbers[parameter.Name](parameter.Span);
        return (network, parameters);
    }
}
