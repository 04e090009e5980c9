namespace Tessera.Files;

/// <summary>The checksum of zip and PNG files: CRC-32 with the reflected polynomial EDB88320 (ISO 3309).</summary>
public static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>Continues <paramref name="checksum"/> (0 at the start) over <paramref name="bytes"/>.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var table = Table;
        checksum = ~checksum;
        foreach (var value in bytes) checksum = table[(byte)(checksum ^ value)] ^ (checksum >> 8);
        return ~checksum;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320u : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
