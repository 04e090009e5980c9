namespace Tessera.Networks;

/// <summary>Who takes whose output, by places in the list of layers; −1 stands for the network's input.</summary>
internal sealed class NetworkGraph
{
    private readonly string title;
    private readonly Layer[] layers;
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);

    public NetworkGraph(string title, Layer[] layers, LayerNames furtherOutputs)
    {
        this.title = title;
        this.layers = layers;
        places[NetworkDescription.InputName] = -1;
        for (var index = 0; index < layers.Length; index++)
        {
            var name = layers[index].Name;
            if (name == NetworkDescription.InputName) throw new ArgumentException($"{title}: layer {index + 1} is called '{name}', which is the network's input; choose another name.");
            if (!places.TryAdd(name, index)) throw new ArgumentException($"{title}: layers {places[name] + 1} and {index + 1} are both called '{name}'; names must differ.");
        }

        Sources = [.. layers.Select(SourcesOf)];
        References = [.. layers.Select(ReferenceOf)];
        FurtherOutputs = [.. furtherOutputs.Select(FurtherOutput)];
        for (var index = 0; index < layers.Length; index++) layers[index].CheckSource(FirstSource(index) is >= 0 and { } source && source != index ? layers[source] : null);
        Order = SortedByUse();
        DependsOnInput = WhatDependsOnInput();
        CheckAllUsed();
        ReachesOutput = FindWhatReachesOutput();
    }

    /// <summary>For each layer, the places of its inputs.</summary>
    public IReadOnlyList<int[]> Sources { get; }

    /// <summary>For each layer, the place of the layer it refers to, if any.</summary>
    public IReadOnlyList<int?> References { get; }

    /// <summary>The places of the layers whose outputs are given out beside the last one's.</summary>
    public IReadOnlyList<int> FurtherOutputs { get; }

    /// <summary>For each layer, whether the output of the last one depends on it, so that a loss does.</summary>
    public IReadOnlyList<bool> ReachesOutput { get; }

    /// <summary>The places in an order in which every layer comes after what it needs; the list's own order wherever that works.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <summary>For each layer, whether the network's input reaches it, so that the first axis of its output is the batch.</summary>
    public IReadOnlyList<bool> DependsOnInput { get; }

    /// <summary>The place of a layer's first input; its own place where it has none, and where the place is the network's input.</summary>
    public int FirstSource(int place) => place < 0 || Sources[place].Length == 0 ? place : Sources[place][0];

    private int[] SourcesOf(Layer layer, int index)
    {
        int[] sources = layer.Inputs.Count > 0 ? [.. layer.Inputs.Select(name => PlaceOf(layer, name))] : layer.InputCount == 0 ? [] : [index - 1];
        if (layer.InputCount is { } count ? sources.Length == count : sources.Length >= 2) return sources;
        throw layer.Misfit(layer.InputCount switch
        {
            null => $"{layer.Kind} takes two or more inputs but has {sources.Length}; name them all in its inputs.",
            0 => $"{layer.Kind} takes no input but names {sources.Length} ({layer.Inputs}); leave its inputs out.",
            1 => $"{layer.Kind} takes 1 input but names {sources.Length} ({layer.Inputs}); name 1, or join them by add or concatenate first.",
            _ => $"{layer.Kind} takes {layer.InputCount} inputs but has {sources.Length}; name them all in its inputs, in order.",
        });
    }

    private int? ReferenceOf(Layer layer, int index)
    {
        if (layer.Reference is not { } name) return null;
        var place = PlaceOf(layer, name);
        layer.CheckReference(place < 0 ? null : layers[place]);
        return place;
    }

    private int PlaceOf(Layer layer, string name)
    {
        if (places.TryGetValue(name, out var place)) return place;
        var nearest = Spelling.Nearest(name, places.Keys.ToArray());
        throw layer.Misfit($"there is no layer '{name}'; " + (nearest is null
            ? $"the layers are {string.Join(", ", places.Keys.Take(20))}{(places.Count > 20 ? ", …" : "")}."
            : $"did you mean '{nearest}'?"));
    }

    private int FurtherOutput(string name)
    {
        if (!places.TryGetValue(name, out var place) || place < 0)
        {
            var nearest = Spelling.Nearest(name, layers.Select(static layer => layer.Name).ToArray());
            throw new ArgumentException($"{title}: the further output '{name}' is no layer{(nearest is null ? "" : $"; did you mean '{nearest}'?")}");
        }

        return place < layers.Length - 1 ? place
            : throw new ArgumentException($"{title}: the further output '{name}' stands last, so it is the network's output already; leave it out.");
    }

    private bool[] FindWhatReachesOutput()
    {
        var reaches = new bool[layers.Length];
        reaches[^1] = true;
        foreach (var layer in Order.Reverse())
        {
            foreach (var source in Sources[layer])
            {
                if (source >= 0) reaches[source] |= reaches[layer];
            }
        }

        return reaches;
    }

    /// <summary>
    /// The order of going through the list from its start again and again, and taking every layer whose needs have been taken: but each layer is
    /// looked at once for each need, however the list stands.
    /// </summary>
    private int[] SortedByUse()
    {
        var order = new List<int>(layers.Length);
        var done = new bool[layers.Length];
        var missing = new int[layers.Length];
        var users = new List<int>?[layers.Length];
        var ready = new PriorityQueue<int, (int Round, int Index)>();
        for (var index = 0; index < layers.Length; index++)
        {
            foreach (var need in Needs(index))
            {
                if (need < 0) continue;
                missing[index]++;
                (users[need] ??= []).Add(index);
            }

            if (missing[index] == 0) ready.Enqueue(index, (0, index));
        }

        while (ready.TryDequeue(out var index, out var at))
        {
            done[index] = true;
            order.Add(index);
            foreach (var user in users[index] ?? [])
            {
                if (--missing[user] == 0) ready.Enqueue(user, (user > index ? at.Round : at.Round + 1, user));
            }
        }

        return order.Count == layers.Length ? [.. order]
            : throw new ArgumentException($"{title}: layers take each other's output in a circle ({Circle(done)}); break it by giving one of them another input.");
    }

    private IEnumerable<int> Needs(int index) => References[index] is { } reference ? Sources[index].Append(reference) : Sources[index];

    private string Circle(bool[] done)
    {
        var path = new List<int> { Array.IndexOf(done, false) };
        var places = new Dictionary<int, int>();
        while (true)
        {
            places[path[^1]] = path.Count - 1;
            var next = Needs(path[^1]).First(need => need >= 0 && !done[need]);
            var start = places.GetValueOrDefault(next, -1);
            path.Add(next);
            // The path goes from user to used; read backwards it follows the data.
            if (start >= 0) return string.Join(" → ", path.Skip(start).Reverse().Select(index => layers[index].Name));
        }
    }

    private bool[] WhatDependsOnInput()
    {
        var depends = new bool[layers.Length];
        foreach (var index in Order) depends[index] = Sources[index].Any(source => source < 0 || depends[source]);
        return depends;
    }

    private void CheckAllUsed()
    {
        if (!DependsOnInput[^1]) throw layers[^1].Misfit("it is the network's output, but nothing of the network's input reaches it; let it, or a layer before it, take 'input'.");
        for (var index = 0; index < layers.Length - 1; index++)
        {
            if (Sources[index].Contains(layers.Length - 1))
            {
                throw layers[^1].Misfit($"it stands last, so it is the network's output, but {layers[index].Name} takes it; move the output layer to the end.");
            }
        }

        var used = new bool[layers.Length];
        used[^1] = true;
        foreach (var output in FurtherOutputs) used[output] = true;
        for (var index = 0; index < layers.Length; index++)
        {
            // A reference alone is no use: it reads sizes or winners, and no gradient comes back through it.
            foreach (var source in Sources[index])
            {
                if (source >= 0) used[source] = true;
            }
        }

        var idle = Array.IndexOf(used, false);
        if (idle >= 0)
        {
            throw layers[idle].Misfit("no layer takes its output, and it is not the last; remove it, or name it in another layer's inputs or among the network's further outputs.");
        }
    }
}
