using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Tessera.Files;

/// <summary>
/// The header of a .npy file, versions 1 to 3 (NumPy's numpy.lib.format): magic, version, length, and a Python dictionary of
/// <c>descr</c>, <c>fortran_order</c> and <c>shape</c>.
/// </summary>
internal sealed record NpyHeader(ElementType Type, bool BigEndian, bool FortranOrder, Sizes Shape)
{
    private const int LongestHeader = 65_535;
    private const int MostAxes = 64;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>The number of elements.</summary>
    public long Elements { get; } = Shape.Contains(0) ? 0 : Shape.Product;

    /// <summary>The bytes of data that follow the header.</summary>
    public long DataBytes => Elements * Type.Bytes();

    public static NpyHeader Read(Stream stream, string name)
    {
        Span<byte> start = stackalloc byte[8];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start[..6].SequenceEqual(Magic))
            throw new InvalidDataException($"{name}: not a .npy file (it does not begin with \\x93NUMPY and a version).");
        if (start[6] is < 1 or > 3)
            throw new InvalidDataException($"{name}: .npy version {start[6]}.{start[7]}, but versions 1 to 3 are known.");

        var field = GuardedRead.Bytes(stream, start[6] == 1 ? 2 : 4, name);
        var length = field.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(field) : BinaryPrimitives.ReadUInt32LittleEndian(field);
        if (length > LongestHeader)
            throw new InvalidDataException($"{name}: a header of {length} bytes, but at most {LongestHeader} are read.");
        var text = (start[6] == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(GuardedRead.Bytes(stream, length, name));
        return Parse(text, name);
    }

    /// <summary>The header in version 1.0, padded with spaces so that the data begins at a multiple of 64 bytes.</summary>
    public static byte[] Format(string description, Sizes shape)
    {
        var sizes = shape.Count == 1 ? $"({shape[0].ToString(CultureInfo.InvariantCulture)},)"
            : $"({string.Join(", ", shape.Select(size => size.ToString(CultureInfo.InvariantCulture)))})";
        var text = $"{{'descr': '{description}', 'fortran_order': False, 'shape': {sizes}, }}";
        var total = (10 + text.Length + 1 + 63) / 64 * 64;
        var bytes = new byte[total];
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), checked((ushort)(total - 10)));
        bytes.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(10));
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    private static NpyHeader Parse(string text, string name)
    {
        var reader = new DictionaryReader(text, name);
        string? description = null;
        bool? fortran = null;
        int[]? shape = null;
        reader.Expect('{');
        while (!reader.Take('}'))
        {
            var key = reader.Quoted();
            reader.Expect(':');
            switch (key)
            {
                case "descr" when description is null: description = reader.Quoted(); break;
                case "fortran_order" when fortran is null: fortran = reader.Truth(); break;
                case "shape" when shape is null: shape = reader.Tuple(MostAxes); break;
                default: throw reader.Wrong($"the key '{key}' is unknown or there twice");
            }

            if (!reader.Take(','))
            {
                reader.Expect('}');
                break;
            }
        }

        reader.ExpectEnd();
        if (description is null || fortran is null || shape is null)
            throw reader.Wrong("'descr', 'fortran_order' and 'shape' are not all there");
        if (description.Length < 2 || !"<>|=".Contains(description[0], StringComparison.Ordinal)
            || !ElementTypes.TryFromNpy(description.AsSpan(1), out var type))
        {
            throw new InvalidDataException(
                $"{name}: elements of type '{description}' are not read; save the array as float32, float64 or a whole number type.");
        }

        var sizes = Sizes.Create(shape);
        if (!sizes.Contains(0))
        {
            var elements = sizes.Aggregate((UInt128)1, (product, size) => product > ulong.MaxValue ? product : product * (uint)size);
            if (elements > (ulong)(long.MaxValue / 8))
                throw new InvalidDataException($"{name}: a shape of {sizes} has more elements than any file.");
        }

        return new NpyHeader(type, description[0] == '>', fortran.Value, sizes);
    }

    /// <summary>Reads the Python literals that a header is made of.</summary>
    private ref struct DictionaryReader(string text, string name)
    {
        private int position;

        public bool Take(char wanted)
        {
            SkipSpace();
            if (position >= text.Length || text[position] != wanted) return false;
            position++;
            return true;
        }

        public void Expect(char wanted)
        {
            if (!Take(wanted)) throw Wrong($"'{wanted}' is missing at character {position}");
        }

        public void ExpectEnd()
        {
            if (!text.AsSpan(position).IsWhiteSpace()) throw Wrong($"something follows the dictionary at character {position}");
        }

        public string Quoted()
        {
            var quote = Take('\'') ? '\'' : Take('"') ? '"' : throw Wrong($"a quoted text is missing at character {position}");
            var end = text.IndexOf(quote, position);
            if (end < 0) throw Wrong("a quoted text does not end");
            var quoted = text[position..end];
            position = end + 1;
            return quoted;
        }

        public bool Truth()
        {
            SkipSpace();
            foreach (var (word, value) in ((string, bool)[])[("True", true), ("False", false)])
            {
                if (!text.AsSpan(position).StartsWith(word, StringComparison.Ordinal)) continue;
                position += word.Length;
                return value;
            }

            throw Wrong("'fortran_order' is neither True nor False");
        }

        public int[] Tuple(int mostAxes)
        {
            var sizes = new List<int>();
            Expect('(');
            while (!Take(')'))
            {
                if (sizes.Count == mostAxes) throw Wrong($"more than {mostAxes} axes");
                var start = position;
                while (position < text.Length && char.IsAsciiDigit(text[position])) position++;
                if (!int.TryParse(text.AsSpan(start, position - start), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                    throw Wrong($"a size on axis {sizes.Count} is not a whole number from 0 to {int.MaxValue}");
                sizes.Add(size);
                Take('L'); // Python 2 wrote long integers so.
                if (!Take(','))
                {
                    Expect(')');
                    break;
                }
            }

            return [.. sizes];
        }

        private void SkipSpace()
        {
            while (position < text.Length && char.IsWhiteSpace(text[position])) position++;
        }

        public readonly InvalidDataException Wrong(string what) => new($"{name}: the .npy header cannot be read: {what}.");
    }
}
