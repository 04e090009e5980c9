using System.Buffers;
using System.Text;
using System.Text.Json;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Files;

/// <summary>
/// A convolution as JSON: the keys <c>kernel</c>, <c>outputs</c>, <c>stride</c>, <c>dilation</c>, <c>padding</c>, <c>channels</c>,
/// <c>sharing</c>, <c>bias</c> and <c>flip</c>. What is left out is stride 1, dilation 1, valid, dense, shared, a bias shared as the
/// kernel is, not flipped. Layers of a network file have the same keys and are read by the same code.
/// </summary>
public static class ConvolutionJson
{
    private static readonly string[] PaddingRules = ["valid", "same", "same-lower", "full"];

    /// <summary>Bounds on tables that a few characters of a file can ask for.</summary>
    private const int MostChannels = 1 << 20;

    /// <summary>The convolution that the file at <paramref name="path"/> describes.</summary>
    /// <exception cref="InvalidDataException">A key is unknown, missing or twice there, or a value is wrong; the message has file and line.</exception>
    public static ConvolutionDescription Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(LocatedValue.ReadFile(path));
    }

    /// <summary>The convolution that <paramref name="json"/> describes; messages call the text <paramref name="name"/>.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Read(string)"/>.</exception>
    public static ConvolutionDescription Parse(string json, string name = "text")
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(LocatedValue.Parse(Encoding.UTF8.GetBytes(json), name));
    }

    /// <summary>The description as JSON that <see cref="Parse"/> reads back to an equal one.</summary>
    public static string Format(ConvolutionDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteKeys(writer, description);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads the keys of a convolution out of an object that may have others.</summary>
    internal static ConvolutionDescription ReadKeys(LocatedObject keys, bool withBias = true)
    {
        var kernelValue = keys.Required("kernel");
        var kernel = kernelValue.WholeNumbers(least: 1);
        if (kernel.Count == 0) throw kernelValue.WrongBecause("one size per spatial axis, such as [3, 3], is needed");
        var outputs = keys.Required("outputs").Whole(1);
        return new ConvolutionDescription
        {
            Kernel = kernel,
            Outputs = outputs,
            Stride = PerAxis(keys.Optional("stride"), kernel.Count),
            Dilation = PerAxis(keys.Optional("dilation"), kernel.Count),
            Padding = ReadPadding(keys.Optional("padding"), kernel.Count),
            Channels = keys.Optional("channels") is { } channels ? ReadChannels(channels, outputs) : ChannelConnections.Dense,
            Sharing = keys.Optional("sharing") is { } sharing ? ReadSharing(sharing, kernel.Count) : Sharing.Shared,
            Bias = withBias && keys.Optional("bias") is { } bias ? ReadBias(bias) : BiasSharing.LikeKernel,
            Flip = keys.Optional("flip")?.Truth() ?? false,
        };
    }

    /// <summary>Writes the keys of a convolution, leaving out what is as if left out.</summary>
    internal static void WriteKeys(Utf8JsonWriter writer, ConvolutionDescription description)
    {
        WriteSizes(writer, "kernel", description.Kernel);
        writer.WriteNumber("outputs", description.Outputs);
        if (description.Stride.Count > 0) WriteSizes(writer, "stride", description.Stride);
        if (description.Dilation.Count > 0) WriteSizes(writer, "dilation", description.Dilation);
        WritePadding(writer, description.Padding);
        WriteChannels(writer, description.Channels);
        if (description.Sharing.IsUnshared) writer.WriteString("sharing", "unshared");
        if (description.Sharing.Tile.Count > 0)
        {
            writer.WriteStartObject("sharing");
            WriteSizes(writer, "tile", description.Sharing.Tile);
            writer.WriteEndObject();
        }

        if (description.Bias == BiasSharing.None) writer.WriteBoolean("bias", false);
        if (description.Bias == BiasSharing.PerChannel) writer.WriteString("bias", "per-channel");
        if (description.Flip) writer.WriteBoolean("flip", true);
    }

    /// <summary>A list with one number per axis, or one number for all axes; empty where left out.</summary>
    internal static Sizes PerAxis(LocatedValue? value, int rank, string what = "kernel", int least = 1)
    {
        if (value is null) return Sizes.Empty;
        if (value.Kind == LocatedKind.Number) return Sizes.Repeat(value.Whole(least), rank);
        var numbers = value.WholeNumbers(least);
        CheckRank(value, numbers.Count, rank, what);
        return numbers;
    }

    /// <summary>A rule by name, or [low, high] for each axis.</summary>
    internal static Padding ReadPadding(LocatedValue? value, int rank, string what = "kernel")
    {
        if (value is null) return Padding.Valid;
        if (value.Kind != LocatedKind.List)
        {
            if (value.Kind != LocatedKind.Text) throw value.WrongBecause($"one of {string.Join(", ", PaddingRules.Select(rule => $"\"{rule}\""))} or [low, high] for each axis, such as [[1, 1], [0, 2]], is needed");
            return value.OneOf(PaddingRules) switch
            {
                "same" => Padding.Same,
                "same-lower" => Padding.SameLower,
                "full" => Padding.Full,
                _ => Padding.Valid,
            };
        }

        CheckRank(value, value.Items.Count, rank, what);
        foreach (var pair in value.Items)
        {
            if (pair.Kind != LocatedKind.List || pair.Items.Count != 2) throw pair.WrongBecause("a pair [low, high] of zeros before and after the axis is needed, such as [1, 1]");
        }

        return Padding.Explicit(
            [.. value.Items.Select(pair => pair.Items[0].Whole(0))],
            [.. value.Items.Select(pair => pair.Items[1].Whole(0))]);
    }

    /// <summary>Writes what <see cref="ReadPadding"/> reads; nothing for valid.</summary>
    internal static void WritePadding(Utf8JsonWriter writer, Padding padding)
    {
        if (padding.Rule == PaddingRule.Valid) return;
        if (padding.Rule != PaddingRule.Explicit)
        {
            writer.WriteString("padding", padding.ToString());
            return;
        }

        writer.WriteStartArray("padding");
        for (var axis = 0; axis < padding.Low.Count; axis++) WriteRow(writer, [padding.Low[axis], padding.High[axis]]);
        writer.WriteEndArray();
    }

    internal static void WriteSizes(Utf8JsonWriter writer, string key, ReadOnlySpan<int> sizes)
    {
        writer.WritePropertyName(key);
        WriteRow(writer, sizes);
    }

    internal static void WriteSizes(Utf8JsonWriter writer, string key, Sizes sizes) => WriteSizes(writer, key, sizes.AsSpan());

    /// <summary>Numbers side by side, as people write them; an indenting writer would give each a line.</summary>
    internal static void WriteRow(Utf8JsonWriter writer, ReadOnlySpan<int> numbers) =>
        writer.WriteRawValue($"[{string.Join(", ", numbers.ToArray())}]");

    private static ConvolutionDescription Read(LocatedValue value)
    {
        var keys = new LocatedObject(value, "operator");
        var description = ReadKeys(keys);
        keys.Close();
        return description;
    }

    private static ChannelConnections ReadChannels(LocatedValue value, int outputs)
    {
        if (value.Kind == LocatedKind.Text) return value.OneOf("dense", "depthwise") == "dense" ? ChannelConnections.Dense : ChannelConnections.Depthwise;
        if (value.Kind != LocatedKind.Object) throw value.WrongBecause("\"dense\", \"depthwise\" or an object with one of the keys groups, table, pairs, ring and random is needed");
        var keys = new LocatedObject(value, "channels");
        LocatedValue? groups = keys.Optional("groups"), rows = keys.Optional("table"), pairs = keys.Optional("pairs"), ring = keys.Optional("ring"), random = keys.Optional("random");
        keys.Close();
        if (value.Members.Count != 1) throw value.Wrong($"'channels' has {value.Members.Count} keys, but exactly one of groups, table, pairs, ring and random is needed.");
        if (groups is not null) return ChannelConnections.Groups(groups.Whole(1));
        if (rows is null && outputs > MostChannels) throw value.Wrong($"'outputs' is {outputs}; a table made from a rule has at most {MostChannels}.");
        try
        {
            var table = rows is not null ? ReadRows(rows)
                : pairs is not null ? ReadPairs(pairs, outputs)
                : ring is not null ? ReadRing(ring, outputs)
                : ReadRandom(random!, outputs);
            return table.Outputs == outputs
                ? ChannelConnections.Table(table)
                : throw value.Wrong($"the connection table has {table.Outputs} rows but 'outputs' is {outputs}; give one row per output.");
        }
        catch (ArgumentException exception)
        {
            throw value.Wrong(exception.Message.Split(" (Parameter", 2)[0]);
        }
    }

    private static ConnectionTable ReadRows(LocatedValue rows)
    {
        if (rows.Kind == LocatedKind.Text)
        {
            rows.OneOf("lenet5");
            return ConnectionTable.LeNet5;
        }

        if (rows.Kind != LocatedKind.List) throw rows.WrongBecause("\"lenet5\" or one list of input channels per output is needed");
        return ConnectionTable.FromRows([.. rows.Items.Select(row => row.WholeNumbers(least: 0))]);
    }

    private static ConnectionTable ReadPairs(LocatedValue pairs, int outputs)
    {
        pairs.TakePairs(outputs);
        if (pairs.Kind != LocatedKind.List) throw pairs.WrongBecause("a list of [output, input] pairs is needed");
        return ConnectionTable.FromPairs(outputs, pairs.Items.Select(pair =>
        {
            var numbers = pair.WholeNumbers(least: 0);
            return numbers.Count == 2 ? (numbers[0], numbers[1]) : throw pair.WrongBecause("a pair [output, input] is needed");
        }));
    }

    private static ConnectionTable ReadRing(LocatedValue value, int outputs)
    {
        var keys = new LocatedObject(value, "ring");
        int inputs = keys.Required("inputs").Whole(1, MostChannels), fanIn = keys.Required("fanIn").Whole(1, inputs);
        value.TakePairs((long)outputs * fanIn);
        keys.Close();
        return ConnectionTable.Ring(inputs, outputs, fanIn);
    }

    private static ConnectionTable ReadRandom(LocatedValue value, int outputs)
    {
        var keys = new LocatedObject(value, "random");
        int inputs = keys.Required("inputs").Whole(1, MostChannels), fanIn = keys.Required("fanIn").Whole(1, inputs);
        value.TakePairs((long)outputs * fanIn);
        // Each output draws its own order of all inputs.
        value.TakePairs((long)outputs * inputs / 16);
        var seed = keys.Optional("seed")?.WholeLong(long.MinValue) ?? 0;
        keys.Close();
        return ConnectionTable.Random(inputs, outputs, fanIn, seed);
    }

    private static void WriteChannels(Utf8JsonWriter writer, ChannelConnections channels)
    {
        if (channels.ConnectionTable is { } table)
        {
            writer.WriteStartObject("channels");
            writer.WriteStartArray("table");
            for (var output = 0; output < table.Outputs; output++) WriteRow(writer, table.InputsOf(output));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        else if (channels.GroupCount == 0)
        {
            writer.WriteString("channels", "depthwise");
        }
        else if (channels.GroupCount > 1)
        {
            writer.WriteStartObject("channels");
            writer.WriteNumber("groups", channels.GroupCount);
            writer.WriteEndObject();
        }
    }

    private static Sharing ReadSharing(LocatedValue value, int rank)
    {
        if (value.Kind == LocatedKind.Text) return value.OneOf("shared", "unshared") == "shared" ? Sharing.Shared : Sharing.Unshared;
        if (value.Kind != LocatedKind.Object) throw value.WrongBecause("\"shared\", \"unshared\" or { \"tile\": [2, 2] } is needed");
        var keys = new LocatedObject(value, "sharing");
        var tile = PerAxis(keys.Required("tile"), rank);
        keys.Close();
        return Sharing.Tiled(tile);
    }

    private static BiasSharing ReadBias(LocatedValue value) => value.Kind switch
    {
        LocatedKind.Truth => value.Truth() ? BiasSharing.LikeKernel : BiasSharing.None,
        LocatedKind.Text when value.Text == "per-channel" => BiasSharing.PerChannel,
        _ => throw value.WrongBecause("true (shared as the kernel is), \"per-channel\" or false is needed"),
    };

    private static void CheckRank(LocatedValue value, int given, int rank, string what)
    {
        if (given != rank) throw value.Wrong($"'{value.Name}' has {given} entries, but the {what} has {rank} axes; give one per axis.");
    }
}
