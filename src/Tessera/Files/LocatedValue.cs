using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tessera.Files;

/// <summary>What kind of value stands at a place of a JSON file.</summary>
internal enum LocatedKind
{
    Object,
    List,
    Text,
    Number,
    Truth,
    Null,
}

/// <summary>
/// A value of a JSON file that knows its line, so that whoever finds it wrong can say where it stands. Comments and trailing
/// commas are allowed; a key that stands twice, more than 32 levels and files beyond 16 MiB are not.
/// </summary>
internal sealed class LocatedValue
{
    /// <summary>The largest file that is read: a description has no reason to be larger.</summary>
    public const int MostBytes = 16 << 20;

    private const int MostLevels = 32;

    /// <summary>The pairs of channels that all tables of any file together may have which are asked for in a few words: 64 MiB of tables.</summary>
    private const long LeastPairs = 1 << 19;

    /// <summary>The bytes of a longer file for each of them.</summary>
    private const int BytesOfPair = 4;

    private readonly string key;
    private readonly LocatedValue? list;
    private readonly int place;
    private readonly Allowance allowance;

    private LocatedValue(Allowance allowance, string key, LocatedValue? list, int line, LocatedKind kind)
    {
        (this.allowance, this.key, this.list, Line, Kind) = (allowance, key, list, line, kind);
        place = list?.Items.Count ?? 0;
    }

    /// <summary>The file, as messages call it.</summary>
    public string File => allowance.File;

    /// <summary>The key under which the value stands, or <c>key[3]</c> in a list. It is put together when it is asked for: a long key over a long list would take the square of the file.</summary>
    public string Name => list is null ? key : $"{list.Name}[{place}]";

    /// <summary>The line of the value's key or, in a list, of the value; from 1.</summary>
    public int Line { get; }

    public LocatedKind Kind { get; }

    /// <summary>A text's characters, or a number or truth value as it was written.</summary>
    public string Text { get; private init; } = "";

    /// <summary>The members of an object, in the order of the file.</summary>
    public List<LocatedValue> Members { get; } = [];

    /// <summary>The items of a list.</summary>
    public List<LocatedValue> Items => Members;

    /// <summary>The value that the file at <paramref name="path"/> holds.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON, or too large; the message has file and line.</exception>
    public static LocatedValue ReadFile(string path)
    {
        using var stream = System.IO.File.OpenRead(path);
        if (stream.Length > MostBytes)
        {
            throw new InvalidDataException($"{path}: {stream.Length} bytes; a description of more than {MostBytes} bytes is not read.");
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse(bytes, path);
    }

    /// <summary>The value that <paramref name="utf8"/> holds; messages call it <paramref name="file"/>.</summary>
    /// <exception cref="InvalidDataException">It is not JSON; the message has file and line.</exception>
    public static LocatedValue Parse(ReadOnlySpan<byte> utf8, string file)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble)) utf8 = utf8[3..];
        if (utf8.IsEmpty) throw new InvalidDataException($"{file}: the file is empty; a JSON object is needed.");
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MostLevels });
        var lines = new LineCounter(utf8);
        try
        {
            reader.Read();
            var value = Read(ref reader, ref lines, new Allowance(file, utf8.Length), "", null, lines.At(reader.TokenStartIndex));
            reader.Read();
            return value;
        }
        catch (JsonException exception)
        {
            var message = exception.Message;
            var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw new InvalidDataException($"{file} line {(exception.LineNumber ?? 0) + 1}: not valid JSON: {(end < 0 ? message : message[..end])}", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException($"{file} line {lines.At(reader.TokenStartIndex)}: a text is not valid UTF-8.", exception);
        }
    }

    /// <summary>The error that says what is wrong with this value.</summary>
    public InvalidDataException Wrong(string what) => new($"{File} line {Line}: {what}");

    /// <summary>The error for a value of the wrong kind or range.</summary>
    public InvalidDataException WrongBecause(string needed) => Wrong($"'{Name}' is {Described}, but {needed}.");

    /// <summary>The value as messages quote it.</summary>
    public string Described => Kind switch
    {
        LocatedKind.Object => "an object",
        LocatedKind.List => $"a list of {Items.Count}",
        LocatedKind.Text => $"\"{(Text.Length > 40 ? Text[..40] + "…" : Text)}\"",
        LocatedKind.Null => "null",
        _ => Text.Length > 40 ? Text[..40] + "…" : Text,
    };

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public int Whole(int least, int most = int.MaxValue) => (int)WholeLong(least, most);

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public long WholeLong(long least, long most = long.MaxValue)
    {
        if (Kind == LocatedKind.Number && long.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        throw WrongBecause(most is int.MaxValue or long.MaxValue
            ? least is int.MinValue or long.MinValue ? "a whole number is needed" : $"a whole number of at least {least} is needed"
            : $"a whole number from {least} to {most} is needed");
    }

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, both allowed.</summary>
    public double Real(double least = double.MinValue, double most = double.MaxValue)
    {
        if (Kind == LocatedKind.Number && double.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        throw WrongBecause((least, most) switch
        {
            (double.MinValue, double.MaxValue) => "a number is needed",
            (_, double.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"a number of at least {least} is needed"),
            _ => string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most} is needed"),
        });
    }

    /// <summary>true or false.</summary>
    public bool Truth() => Kind == LocatedKind.Truth ? Text == "true" : throw WrongBecause("true or false is needed");

    /// <summary>A text of at least one character.</summary>
    public string NonEmptyText() => Kind == LocatedKind.Text && Text.Length > 0 ? Text : throw WrongBecause("a text is needed");

    /// <summary>One of a few words; the error suggests the nearest.</summary>
    public string OneOf(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (Kind == LocatedKind.Text && Text == word) return word;
        }

        var nearest = Kind == LocatedKind.Text ? Spelling.Nearest(Text, words) : null;
        throw WrongBecause((nearest is null ? "" : $"did you mean \"{nearest}\"? ") + $"one of {string.Join(", ", words.ToArray().Select(word => $"\"{word}\""))} is needed");
    }

    /// <summary>A list of whole numbers of at least <paramref name="least"/>.</summary>
    public Sizes WholeNumbers(int least)
    {
        if (Kind != LocatedKind.List) throw WrongBecause("a list of whole numbers, one per axis, such as [3, 3], is needed");
        return [.. Items.Select(item => item.Whole(least))];
    }

    /// <summary>Takes pairs of channels from what the file may ask for.</summary>
    /// <exception cref="InvalidDataException">The file has asked for too many.</exception>
    public void TakePairs(long pairs)
    {
        allowance.Pairs += pairs;
        if (allowance.Pairs > allowance.MostPairs) throw Wrong($"{pairs} pairs of channels; with those before there are more than {allowance.MostPairs}, the most for a file of this length. Give a smaller fan-in.");
    }

    private static LocatedValue Read(ref Utf8JsonReader reader, ref LineCounter lines, Allowance allowance, string key, LocatedValue? of, int line)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var made = new LocatedValue(allowance, key, of, line, LocatedKind.Object);
                var seen = new Dictionary<string, int>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var member = reader.GetString()!;
                    var at = lines.At(reader.TokenStartIndex);
                    if (!seen.TryAdd(member, at)) throw new InvalidDataException($"{allowance.File} line {at}: the key '{member}' stands here and in line {seen[member]}; keep one.");
                    reader.Read();
                    made.Members.Add(Read(ref reader, ref lines, allowance, member, null, at));
                }

                return made;
            case JsonTokenType.StartArray:
                made = new LocatedValue(allowance, key, of, line, LocatedKind.List);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    made.Items.Add(Read(ref reader, ref lines, allowance, "", made, lines.At(reader.TokenStartIndex)));
                }

                return made;
            case JsonTokenType.String:
                return new LocatedValue(allowance, key, of, line, LocatedKind.Text) { Text = reader.GetString()! };
            case JsonTokenType.Null:
                return new LocatedValue(allowance, key, of, line, LocatedKind.Null);
            default:
                var kind = reader.TokenType == JsonTokenType.Number ? LocatedKind.Number : LocatedKind.Truth;
                return new LocatedValue(allowance, key, of, line, kind) { Text = Encoding.UTF8.GetString(reader.ValueSpan) };
        }
    }

    /// <summary>What all values of a file share: its name, and what it has asked for so far.</summary>
    private sealed class Allowance(string file, int bytes)
    {
        public string File => file;

        public long MostPairs => Math.Max(LeastPairs, bytes / BytesOfPair);

        public long Pairs { get; set; }
    }

    /// <summary>Counts lines forwards only: tokens come in order.</summary>
    private ref struct LineCounter(ReadOnlySpan<byte> text)
    {
        private readonly ReadOnlySpan<byte> text = text;
        private int position;
        private int line = 1;

        public int At(long offset)
        {
            if (offset > position)
            {
                line += text[position..(int)offset].Count((byte)'\n');
                position = (int)offset;
            }

            return line;
        }
    }
}
