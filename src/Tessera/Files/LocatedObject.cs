namespace Tessera.Files;

/// <summary>
/// Reads one object of a JSON file key by key. What is asked for is what is known: <see cref="Close"/> refuses every other
/// key, with its line and the nearest known one, so the list of keys is written nowhere twice.
/// </summary>
internal sealed class LocatedObject
{
    private readonly LocatedValue value;
    private readonly string what;
    private readonly Dictionary<string, LocatedValue> members;
    private readonly List<string> known = [];

    /// <summary>Opens <paramref name="value"/>, which messages call <paramref name="what"/>.</summary>
    /// <exception cref="InvalidDataException">The value is no object.</exception>
    public LocatedObject(LocatedValue value, string what)
    {
        if (value.Kind != LocatedKind.Object)
        {
            throw value.Wrong($"{what} is {value.Described}, but an object {{ … }} is needed.");
        }

        this.value = value;
        this.what = what;
        members = value.Members.ToDictionary(member => member.Name, StringComparer.Ordinal);
    }

    private LocatedObject(LocatedValue word) => (value, what, members) = (word, word.Name, []);

    /// <summary>
    /// Opens what is either one of a few words alone, such as <c>"adam"</c>, or an object that has the word under
    /// <paramref name="key"/> and settings beside it.
    /// </summary>
    /// <returns>The word, and the object's keys (none where the word stood alone).</returns>
    /// <exception cref="InvalidDataException">It is neither, or another word; the message suggests the nearest.</exception>
    public static (string Word, LocatedObject Keys) Choice(LocatedValue value, string key, ReadOnlySpan<string> words)
    {
        if (value.Kind == LocatedKind.Text) return (value.OneOf(words), new LocatedObject(value));
        if (value.Kind != LocatedKind.Object) throw value.WrongBecause($"one of {string.Join(", ", words.ToArray().Select(word => $"\"{word}\""))}, or an object with it under '{key}', is needed");
        var keys = new LocatedObject(value, value.Name.Length == 0 || value.Name[^1] == ']' ? key : value.Name);
        return (keys.Required(key).OneOf(words), keys);
    }

    /// <summary>The object itself, for its line.</summary>
    public LocatedValue Value => value;

    /// <summary>What messages call the object.</summary>
    public string What => what;

    /// <summary>The value under a key, or null where it is left out.</summary>
    public LocatedValue? Optional(string key)
    {
        if (!known.Contains(key)) known.Add(key);
        return members.GetValueOrDefault(key);
    }

    /// <summary>The value under a key.</summary>
    /// <exception cref="InvalidDataException">The key is missing.</exception>
    public LocatedValue Required(string key)
    {
        if (Optional(key) is { } member) return member;

        // A misspelt key and a missing one are the same mistake: say both.
        var misspelt = Spelling.Nearest(key, [.. members.Keys.Except(known)]);
        throw (misspelt is null ? value : members[misspelt]).Wrong(
            $"{what} has no key '{key}'" + (misspelt is null ? ", which it needs." : $"; did you mean '{key}' by '{misspelt}'?"));
    }

    /// <summary>Refuses keys that nobody asked for.</summary>
    /// <exception cref="InvalidDataException">There is one; the message has its line, the nearest known key and all of them.</exception>
    public void Close()
    {
        foreach (var member in value.Members)
        {
            if (known.Contains(member.Name)) continue;
            var nearest = Spelling.Nearest(member.Name, [.. known]);
            throw member.Wrong(
                $"{what}: unknown key '{member.Name}'" + (nearest is null ? "." : $"; did you mean '{nearest}'?") + $" Known keys: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        }
    }
}
