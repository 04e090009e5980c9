using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Onnx.Import;

/// <summary>The layers that an import has made so far, with the numbers of their parameters.</summary>
internal sealed class LayerList
{
    private readonly List<Layer> layers = [];
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);
    private readonly HashSet<string> names = new(StringComparer.Ordinal) { NetworkDescription.InputName };
    private readonly Dictionary<string, int> nextNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Count, Action<Span<float>> Fill)> numbers = new(StringComparer.Ordinal);

    /// <summary>A name that no other layer has, as near to <paramref name="wanted"/> as can be.</summary>
    public string NameFor(string wanted)
    {
        if (wanted.Length == 0) wanted = "layer";
        if (names.Add(wanted)) return wanted;
        // Thousands of nodes of one name must not each begin to count anew.
        var number = nextNumber.GetValueOrDefault(wanted, 2);
        string name;
        do name = FormattableString.Invariant($"{wanted}_{number++}");
        while (!names.Add(name));
        nextNumber[wanted] = number;
        return name;
    }

    public void Add(Layer layer)
    {
        places[layer.Name] = layers.Count;
        layers.Add(layer);
    }

    /// <summary>Whether a layer takes what another gives.</summary>
    public bool IsTaken(string name) => layers.Exists(layer => layer.Inputs.Contains(name));

    public Layer? Find(string name) => places.TryGetValue(name, out var place) ? layers[place] : null;

    public void Replace(Layer layer) => layers[places[layer.Name]] = layer;

    /// <summary>What a parameter (by its full name, such as conv1.kernel) is filled with.</summary>
    /// <param name="parameter">Its full name.</param>
    /// <param name="count">How many numbers the model has for it; a parameter of another size is an error before there is memory for it.</param>
    /// <param name="fill">Writes them.</param>
    public void Fill(string parameter, int count, Action<Span<float>> fill) => numbers[parameter] = (count, fill);

    /// <summary>The network of the layers that the outputs depend on; the first output's layer stands last.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="input">The shape of one example.</param>
    /// <param name="outputs">The layers whose outputs are wanted, the first of them taken by no other layer.</param>
    /// <param name="most">The most numbers that all parameters together may have.</param>
    /// <exception cref="ArgumentException">Layers do not fit, or a parameter is not as large as what the model has for it.</exception>
    public (NetworkDescription Network, NetworkParameters<float> Parameters) Build(string name, Sizes input, IReadOnlyList<string> outputs, long most)
    {
        var network = Describe(name, input, outputs);
        foreach (var (parameter, description) in network.Parameters)
        {
            var count = numbers.TryGetValue(parameter, out var known) ? known.Count : 0;
            if (count != description.Shape.Product) throw new ArgumentException($"{parameter} has {count} numbers in the model, where its shape {description.Shape} needs {description.Shape.Product}.");
        }

        if (network.ParameterCount > most) throw new ArgumentException($"its layers share weights so often that they would have {network.ParameterCount} numbers; at most {most} are made of a model of this size, since it may be hostile.");
        var parameters = NetworkParameters<float>.Zero(network);
        foreach (var parameter in parameters) numbers[parameter.Name].Fill(parameter.Span);
        return (network, parameters);
    }

    /// <summary>The network of the layers that the outputs depend on, without numbers.</summary>
    public NetworkDescription Describe(string name, Sizes input, IReadOnlyList<string> outputs)
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
        return new NetworkDescription(name, input, kept, [.. outputs.Skip(1).Where(output => output != outputs[0]).Distinct()]);
    }
}
