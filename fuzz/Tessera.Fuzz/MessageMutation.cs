namespace Tessera.Fuzz;

/// <summary>
/// Damages protobuf messages field by field and writes the right lengths around them, so that a mutation comes as deep into an ONNX reader
/// as the file it was made of.
/// </summary>
internal static class MessageMutation
{
    private const int MostLevels = 8;

    private static readonly long[] Numbers = [0, 1, -1, 2, 3, 4, 5, 7, 8, -2, 64, 65, 127, 128, 255, 1000, 4096, 65536, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 40, long.MaxValue, long.MinValue];

    private static readonly float[] Reals = [0, 1, -1, 0.5f, 1e-30f, 1e30f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue];

    /// <summary>A mutation of one of the messages.</summary>
    /// <param name="seeds">The messages; another than the one mutated may lend fields.</param>
    /// <param name="which">The message to mutate.</param>
    /// <param name="random">Where all choices come from.</param>
    public static byte[] Of(IReadOnlyList<byte[]> seeds, int which, ref RandomSource random)
    {
        if (Read(seeds[which], 0) is not { } message) return Mutation.Of(seeds, which, ref random);
        for (var damages = 1 + random.NextInt(3); damages > 0; damages--)
        {
            var fields = new List<(List<Field> In, int At)>();
            Collect(message, fields);
            if (fields.Count == 0) break;
            var (list, at) = fields[random.NextInt(fields.Count)];
            switch (random.NextInt(8))
            {
                case 0: list.RemoveAt(at); break;
                case 1: list.Insert(random.NextInt(list.Count + 1), list[at]); break;
                case 2: (list[at], list[^1]) = (list[^1], list[at]); break;
                case 3 when Read(seeds[random.NextInt(seeds.Count)], 0) is { } other:
                    // A field of another message in the same place: a node, an attribute, an initialiser.
                    var lent = new List<(List<Field> In, int At)>();
                    Collect(other, lent);
                    lent.RemoveAll(candidate => candidate.In[candidate.At].Tag != list[at].Tag);
                    if (lent.Count == 0) break;
                    var (from, place) = lent[random.NextInt(lent.Count)];
                    if (random.NextInt(2) == 0) list[at] = from[place];
                    else list.Insert(at, from[place]);
                    break;
                default: list[at] = Changed(list[at], ref random); break;
            }
        }

        var bytes = new List<byte>();
        Write(message, bytes);
        return [.. bytes];
    }

    private static Field Changed(Field field, ref RandomSource random)
    {
        switch (field.Tag & 7)
        {
            case 0: return field with { Number = random.NextInt(3) == 0 ? unchecked(field.Number + (ulong)random.NextInt(5) - 2) : unchecked((ulong)Numbers[random.NextInt(Numbers.Length)]) };
            case 5: return field with { Content = BitConverter.GetBytes(Reals[random.NextInt(Reals.Length)]) };
            case 2 when field.Message is null && field.Content.Length % 8 == 0 && field.Content.Length > 0 && random.NextInt(2) == 0:
                // Raw elements of shapes, axes and the like.
                var numbers = (byte[])field.Content.Clone();
                BitConverter.GetBytes(Numbers[random.NextInt(Numbers.Length)]).CopyTo(numbers, 8 * random.NextInt(numbers.Length / 8));
                return field with { Content = numbers };
            case 2 when field.Message is null: return field with { Content = Mutation.Of([field.Content], 0, ref random) };
            default: return field;
        }
    }

    private static void Collect(List<Field> message, List<(List<Field> In, int At)> fields)
    {
        for (var at = 0; at < message.Count; at++)
        {
            fields.Add((message, at));
            if (message[at].Message is { } inner) Collect(inner, fields);
        }
    }

    /// <summary>The fields of a message, or null for what is none; a text may look like one, which does no harm.</summary>
    private static List<Field>? Read(ReadOnlySpan<byte> bytes, int level)
    {
        var fields = new List<Field>();
        for (var at = 0; at < bytes.Length;)
        {
            if (!Varint(bytes, ref at, out var tag) || tag < 8 || tag > 1 << 12) return null;
            switch (tag & 7)
            {
                case 0:
                    if (!Varint(bytes, ref at, out var number)) return null;
                    fields.Add(new Field(tag, number, [], null));
                    break;
                case 5 or 1:
                    var width = (tag & 7) == 5 ? 4 : 8;
                    if (bytes.Length - at < width) return null;
                    fields.Add(new Field(tag, 0, bytes.Slice(at, width).ToArray(), null));
                    at += width;
                    break;
                case 2:
                    if (!Varint(bytes, ref at, out var length) || length > (ulong)(bytes.Length - at)) return null;
                    var content = bytes.Slice(at, (int)length);
                    fields.Add(new Field(tag, 0, content.ToArray(), level < MostLevels && content.Length > 1 ? Read(content, level + 1) : null));
                    at += (int)length;
                    break;
                default: return null;
            }
        }

        return fields;
    }

    private static void Write(List<Field> message, List<byte> bytes)
    {
        foreach (var field in message)
        {
            Varint(field.Tag, bytes);
            if ((field.Tag & 7) == 0)
            {
                Varint(field.Number, bytes);
                continue;
            }

            List<byte> content = [];
            if (field.Message is { } inner) Write(inner, content);
            else content.AddRange(field.Content);
            if ((field.Tag & 7) == 2) Varint((ulong)content.Count, bytes);
            bytes.AddRange(content);
        }
    }

    private static bool Varint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            var piece = bytes[at++];
            value |= (ulong)(piece & 0x7F) << shift;
            if (piece < 0x80) return true;
        }

        return false;
    }

    private static void Varint(ulong value, List<byte> bytes)
    {
        for (; value > 0x7F; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }

    private sealed record Field(ulong Tag, ulong Number, byte[] Content, List<Field>? Message);
}
