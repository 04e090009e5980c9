using System.Globalization;

namespace Tessera.Cli;

/// <summary>What this machine can hold.</summary>
internal static class Machine
{
    /// <summary>Refuses work whose memory this machine does not have, before it is allocated.</summary>
    /// <exception cref="InvalidOperationException">The elements would take more than the available memory, or more than one array can have.</exception>
    public static void CheckMemory(string what, long elements, int bytesEach)
    {
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var needed = (double)elements * bytesEach;
        if (elements <= Array.MaxLength && needed <= available) return;
        throw new InvalidOperationException(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: the result has {elements} elements and needs about {needed / (1 << 30):0.#} GiB, but this machine has {available / (double)(1 << 30):0.#} GiB and an array at most {Array.MaxLength} elements; use a smaller input, batch or operator."));
    }
}
