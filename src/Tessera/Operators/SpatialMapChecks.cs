namespace Tessera.Operators;

/// <summary>The checks of upsampling and border padding, and the one wording of each error.</summary>
internal static class SpatialMapChecks
{
    /// <summary>One amount per axis of the input, each at least <paramref name="least"/>.</summary>
    public static void Axes(Sizes inputSize, Sizes amounts, string what, int least, string name)
    {
        if (inputSize.Count == 0 || amounts.Count != inputSize.Count)
        {
            throw new ArgumentException($"{name}: {amounts.Count} times a {what} for an input of {inputSize.Count} axes ({inputSize}); give one per spatial axis.");
        }

        for (var a = 0; a < inputSize.Count; a++)
        {
            if (inputSize[a] < 1) throw new ArgumentException($"{name}: input {inputSize[a]} on axis {a}; it must be at least 1.");
            if (amounts[a] < least) throw new ArgumentException($"{name}: {what} {amounts[a]} on axis {a}; it must be at least {least}.");
        }
    }

    /// <summary>The output plane is small enough for an index; gives its size.</summary>
    public static Sizes Memory(ReadOnlySpan<long> outputSize, string name)
    {
        var product = 1.0;
        foreach (var size in outputSize) product *= size;
        if (product <= int.MaxValue) return [.. outputSize.ToArray().Select(size => (int)size)];
        throw new ArgumentException($"{name}: an output plane of {string.Join('×', outputSize.ToArray())} has more than {int.MaxValue} elements; use smaller sizes.");
    }
}
