using Tessera.Networks;

namespace Tessera.Weights;

/// <summary>
/// Which tensor of a file is which parameter. Names that the network itself would give decide where all of them are there and no others; else
/// modules are matched by their signature, the names and shapes of their tensors.
/// </summary>
internal static class StateDictMatch
{
    private const int MostListed = 8;

    /// <summary>The file's tensors in the order of the network's parameters, shapes checked.</summary>
    /// <exception cref="InvalidDataException">They do not fit; the message lists what does not.</exception>
    public static IReadOnlyList<StateDictEntry> Of(NetworkDescription network, IReadOnlyList<StoredTensor> tensors, string path)
    {
        var byName = tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        var known = Enum.GetValues<WeightNames>().Select(names => StateDict.Describe(network, names)).ToArray();
        foreach (var entries in known)
        {
            if (entries.Count == tensors.Count && entries.All(entry => byName.TryGetValue(entry.Name, out var tensor) && tensor.Shape == entry.Shape)) return entries;
        }

        // Names that mostly fit say what was meant, and then a shape that differs is an error and no reason to look elsewhere.
        var nearest = known.MaxBy(entries => entries.Count(entry => byName.ContainsKey(entry.Name)))!;
        var isMeant = nearest.Count > 0 && nearest.All(entry => byName.ContainsKey(entry.Name));
        return isMeant ? throw Wrong(path, network, ByName(nearest, byName)) : BySignature(network, tensors, path);
    }

    private static IEnumerable<string> ByName(IReadOnlyList<StateDictEntry> entries, Dictionary<string, StoredTensor> byName)
    {
        foreach (var entry in entries)
        {
            if (byName[entry.Name].Shape != entry.Shape) yield return $"'{entry.Name}' is {byName[entry.Name].Shape} in the file, but {entry.Parameter} is {entry.Shape}";
        }

        var own = entries.Select(static entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var tensor in byName.Values)
        {
            if (!own.Contains(tensor.Name)) yield return $"'{tensor.Name}' {tensor.Shape} belongs to no parameter";
        }
    }

    private static List<StateDictEntry> BySignature(NetworkDescription network, IReadOnlyList<StoredTensor> tensors, string path)
    {
        var entries = StateDict.Describe(network, WeightNames.Layers);
        var own = Modules(entries.Select(static entry => (entry.Name, entry.Shape)));
        var theirs = Modules(tensors.Select(static tensor => (tensor.Name, tensor.Shape)));
        var isOrdered = tensors.GroupBy(static tensor => tensor.Type).Any(static group => !IsSorted([.. group.Select(static tensor => tensor.Name)]));
        if (!isOrdered) theirs.Sort(static (left, right) => ModuleOrder.Compare(left.Path, right.Path));

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        List<Module> missing = [], strangers = [];
        var groups = theirs.GroupBy(static module => module.Signature).ToDictionary(static group => group.Key, static group => group.ToArray());
        foreach (var group in own.GroupBy(static module => module.Signature))
        {
            Module[] wanted = [.. group], present = groups.GetValueOrDefault(group.Key, []);
            groups.Remove(group.Key);
            missing.AddRange(wanted.Skip(present.Length));
            strangers.AddRange(present.Skip(wanted.Length));
            for (var i = 0; i < Math.Min(wanted.Length, present.Length); i++) found[wanted[i].Path] = present[i].Path;
            if (isOrdered || wanted.Length != present.Length) continue;
            for (var i = 1; i < present.Length; i++)
            {
                if (ModuleOrder.IsNumbered(present[i - 1].Path, present[i].Path)) continue;
                throw new InvalidDataException(
                    $"{path}: '{present[i - 1].Path}' and '{present[i].Path}' are alike ({group.Key}) and may each be {string.Join(" or ", wanted.Select(static module => module.Path).Take(MostListed))}; their names do not say which comes first. Name the layers of the network as the file does, such as '{present[i].Path}'.");
            }
        }

        strangers.AddRange(theirs.Where(module => groups.ContainsKey(module.Signature)));
        if (missing.Count > 0 || strangers.Count > 0) throw Wrong(path, network, Misfits(missing, strangers));
        return [.. entries.Select(entry =>
        {
            var (module, tensor) = Split(entry.Name);
            var foreign = found[module];
            return entry with { Name = foreign.Length > 0 ? $"{foreign}.{tensor}" : tensor };
        })];
    }

    /// <summary>What is left on both sides, side by side: most often a layer of another size.</summary>
    private static IEnumerable<string> Misfits(List<Module> missing, List<Module> strangers)
    {
        for (var i = 0; i < Math.Max(missing.Count, strangers.Count); i++)
        {
            if (i >= strangers.Count) yield return $"{missing[i].Path} needs {missing[i].Signature}, which the file has not";
            else if (i >= missing.Count) yield return $"'{strangers[i].Path}' has {strangers[i].Signature}, which no layer needs";
            else yield return $"{missing[i].Path} needs {missing[i].Signature}, but '{strangers[i].Path}' has {strangers[i].Signature}";
        }
    }

    private static InvalidDataException Wrong(string path, NetworkDescription network, IEnumerable<string> misfits)
    {
        var all = misfits.ToArray();
        var rest = all.Length > MostListed ? $"; and {all.Length - MostListed} more" : "";
        return new InvalidDataException($"{path}: its tensors do not fit the network '{network.Name}': {string.Join("; ", all.Take(MostListed))}{rest}.");
    }

    private static List<Module> Modules(IEnumerable<(string Name, Sizes Shape)> tensors) =>
        [.. tensors.Select(static tensor => (Split(tensor.Name).Module, Split(tensor.Name).Tensor, tensor.Shape)).GroupBy(static tensor => tensor.Module, StringComparer.Ordinal)
            .Select(static group => new Module(group.Key, string.Join(", ", group.OrderByDescending(static tensor => tensor.Tensor, StringComparer.Ordinal).Select(static tensor => $"{tensor.Tensor} {tensor.Shape}"))))];

    private static (string Module, string Tensor) Split(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot < 0 ? ("", name) : (name[..dot], name[(dot + 1)..]);
    }

    /// <summary>Sorted names say nothing of the order of layers: savers of safetensors sort by element type and name.</summary>
    private static bool IsSorted(string[] names)
    {
        for (var i = 1; i < names.Length; i++)
        {
            if (string.CompareOrdinal(names[i - 1], names[i]) > 0) return false;
        }

        return true;
    }

    private sealed record Module(string Path, string Signature);
}
