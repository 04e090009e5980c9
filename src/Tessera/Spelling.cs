namespace Tessera;

/// <summary>Finds the word that somebody may have meant.</summary>
internal static class Spelling
{
    // Words and candidates may come from a hostile file: neither their lengths nor their number may cost more than a moment.
    private const int MostLetters = 64;
    private const int MostCandidates = 4096;

    /// <summary>The candidate with the fewest edits from <paramref name="word"/>, or null where none is near.</summary>
    public static string? Nearest(string word, ReadOnlySpan<string> candidates)
    {
        if (word.Length > MostLetters) return null;
        string? nearest = null;
        var fewest = Math.Max(1, word.Length / 3) + 1;
        var table = new int[word.Length + 1, word.Length + fewest + 1];
        foreach (var candidate in candidates[..Math.Min(candidates.Length, MostCandidates)])
        {
            // Each letter more or less is an edit of its own.
            if (Math.Abs(candidate.Length - word.Length) >= fewest) continue;
            var edits = Edits(word, candidate, table);
            if (edits >= fewest) continue;
            fewest = edits;
            nearest = candidate;
        }

        return nearest;
    }

    /// <summary>
    /// Levenshtein's distance with neighbours changing places as one edit, upper and lower case being one: the fewest insertions,
    /// deletions, replacements and changes of places.
    /// </summary>
    private static int Edits(string from, string to, int[,] edits)
    {
        for (var i = 0; i <= from.Length; i++) edits[i, 0] = i;
        for (var j = 0; j <= to.Length; j++) edits[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = edits[i - 1, j - 1] + (Same(from[i - 1], to[j - 1]) ? 0 : 1);
                edits[i, j] = Math.Min(replaced, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
                if (i > 1 && j > 1 && Same(from[i - 1], to[j - 2]) && Same(from[i - 2], to[j - 1])) edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[from.Length, to.Length];

        static bool Same(char one, char other) => char.ToLowerInvariant(one) == char.ToLowerInvariant(other);
    }
}
