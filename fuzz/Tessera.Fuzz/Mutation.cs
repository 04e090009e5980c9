namespace Tessera.Fuzz;

/// <summary>Files made of others by a few small damages: repeatable, and near enough to what is right to come deep into a reader.</summary>
internal static class Mutation
{
    private static readonly long[] Extremes = [0, 1, -1, 127, 128, 255, 256, 32767, 65535, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue];

    /// <summary>A mutation of one of the files.</summary>
    /// <param name="seeds">The files; another than the first may lend a piece.</param>
    /// <param name="which">The file to mutate.</param>
    /// <param name="random">Where all choices come from.</param>
    public static byte[] Of(IReadOnlyList<byte[]> seeds, int which, ref RandomSource random)
    {
        var bytes = new List<byte>(seeds[which]);
        for (var damages = 1 + random.NextInt(4); damages > 0; damages--)
        {
            var at = random.NextInt(bytes.Count + 1);
            var length = Math.Min(1 + random.NextInt(random.NextInt(4) == 0 ? 64 : 8), bytes.Count - at);
            switch (random.NextInt(11))
            {
                case 0 when at < bytes.Count: bytes[at] ^= (byte)(1 << random.NextInt(8)); break;
                case 1 when at < bytes.Count: bytes[at] = (byte)random.NextInt(256); break;
                case 2 when at < bytes.Count: bytes[at] = unchecked((byte)(bytes[at] + random.NextInt(17) - 8)); break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 5: Overwrite(bytes, at, Whole(ref random)); break;
                case 6: Overwrite(bytes, at, Varint(ref random)); break;
                case 7: bytes.InsertRange(at, Digits(ref random)); break;
                case 8 or 9:
                    // A whole number in a text becomes another.
                    var first = bytes.FindIndex(at, static letter => letter is >= (byte)'0' and <= (byte)'9');
                    if (first < 0) break;
                    var end = bytes.FindIndex(first, static letter => letter is < (byte)'0' or > (byte)'9');
                    bytes.RemoveRange(first, (end < 0 ? bytes.Count : end) - first);
                    bytes.InsertRange(first, Digits(ref random));
                    break;
                case 10:
                    var other = seeds[random.NextInt(seeds.Count)];
                    var from = random.NextInt(other.Length + 1);
                    bytes.InsertRange(at, other.AsSpan(from, Math.Min(length, other.Length - from)).ToArray());
                    break;
            }
        }

        return [.. bytes];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] piece)
    {
        for (var index = 0; index < piece.Length && at + index < bytes.Count; index++) bytes[at + index] = piece[index];
    }

    private static byte[] Whole(ref RandomSource random)
    {
        var bytes = BitConverter.GetBytes(Extremes[random.NextInt(Extremes.Length)])[..(1 << random.NextInt(4))];
        if (random.NextInt(2) == 0) Array.Reverse(bytes);
        return bytes;
    }

    private static byte[] Varint(ref RandomSource random)
    {
        var value = unchecked((ulong)Extremes[random.NextInt(Extremes.Length)]);
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static byte[] Digits(ref RandomSource random) => System.Text.Encoding.ASCII.GetBytes(Extremes[random.NextInt(Extremes.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture));
}
