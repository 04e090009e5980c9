namespace Tessera;

/// <summary>Finds the word that somebody may have meant.</summary>
internal static class Spelling
{
    /// <summary>The candidate with the fewest edits from <paramref name="word"/>, or null where none is near.</summary>
    public static string? Nearest(string word, ReadOnlySpan<string> candidates)
    {
        if (word.Length > 64) return null;
        string? nearest = null;
        var fewest = Math.Max(1, word.Length / 3) + 1;
        foreach (var candidate in candidates)
        {
            var edits = Edits(word, candidate);
            if (edits >= fewest) continue;
            fewest = edits;
            nearest = candidate;
        }

        return nearest;
    }

    /// <summary>Levenshtein's distance, upper and lower case being one: the fewest insertions, deletions and replacements.</summary>
    private static int Edits(string from, string to)
    {
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++) row[j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = diagonal + (char.ToLowerInvariant(from[i - 1]) == char.ToLowerInvariant(to[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
