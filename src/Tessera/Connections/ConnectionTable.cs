using System.Globalization;

namespace Tessera.Connections;

/// <summary>
/// A table of (output, input) channel pairs as an immutable value: row m lists, in rising order, the input channels that
/// output m sees. Kernels of a table store its pairs alone, in row-major (output, input) order.
/// </summary>
public sealed class ConnectionTable : IEquatable<ConnectionTable>
{
    private readonly int[] rowStarts;
    private readonly int[] inputs;

    private ConnectionTable(int[] rowStarts, int[] inputs) => (this.rowStarts, this.inputs) = (rowStarts, inputs);

    /// <summary>The 60 connections from 6 to 16 maps of LeNet-5's third layer (LeCun et al. 1998, table I).</summary>
    public static ConnectionTable LeNet5 { get; } = FromRows(
    [
        [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
        [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5],
        [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5],
    ]);

    /// <summary>The number of output channels.</summary>
    public int Outputs => rowStarts.Length - 1;

    /// <summary>The number of connected (output, input) pairs.</summary>
    public int PairCount => inputs.Length;

    /// <summary>The smallest number of input channels that the table can be used with.</summary>
    public int LeastInputs => inputs.Length == 0 ? 0 : inputs.Max() + 1;

    /// <summary>The input channels that output <paramref name="output"/> sees, in rising order.</summary>
    public ReadOnlySpan<int> InputsOf(int output) => inputs.AsSpan(rowStarts[output]..rowStarts[output + 1]);

    /// <summary>The number of pairs before output <paramref name="output"/>'s first.</summary>
    internal int FirstPair(int output) => rowStarts[output];

    /// <summary>The number of weights of an operator with this table and kernel, without bias: pairs · ∏ kernel.</summary>
    public long ParameterCount(Sizes kernel) => checked(PairCount * kernel.Product);

    /// <summary>From rows: row m lists the inputs that output m sees, in any order.</summary>
    /// <exception cref="ArgumentException">There is no row, a channel is negative, or a row names one twice.</exception>
    public static ConnectionTable FromRows(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0) throw new ArgumentException("connection table: it has no rows; give one row of inputs per output channel.", nameof(rows));
        var starts = new int[rows.Count + 1];
        var all = new List<int>();
        for (var output = 0; output < rows.Count; output++)
        {
            var row = rows[output].Order().ToArray();
            for (var i = 0; i < row.Length; i++)
            {
                if (row[i] < 0) throw new ArgumentException($"connection table: row {output} names input {row[i]}; channels count from 0.", nameof(rows));
                if (i > 0 && row[i] == row[i - 1])
                {
                    throw new ArgumentException($"connection table: row {output} names input {row[i]} twice; name each input once.", nameof(rows));
                }
            }

            all.AddRange(row);
            starts[output + 1] = all.Count;
        }

        return new ConnectionTable(starts, [.. all]);
    }

    /// <summary>From (output, input) pairs in any order, for a given number of outputs (some may see nothing).</summary>
    /// <exception cref="ArgumentException">A pair lies outside, or stands twice.</exception>
    public static ConnectionTable FromPairs(int outputs, IEnumerable<(int Output, int Input)> pairs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentNullException.ThrowIfNull(pairs);
        var rows = new List<int>[outputs];
        for (var output = 0; output < outputs; output++) rows[output] = [];
        foreach (var (output, input) in pairs)
        {
            if ((uint)output >= (uint)outputs)
            {
                throw new ArgumentException($"connection table: pair ({output}, {input}) names an output outside 0 to {outputs - 1}.", nameof(pairs));
            }

            rows[output].Add(input);
        }

        return FromRows(rows);
    }

    /// <summary>A ring: output m sees <paramref name="fanIn"/> neighbouring inputs from ⌊m · inputs / outputs⌋ on, wrapping around.</summary>
    public static ConnectionTable Ring(int inputs, int outputs, int fanIn)
    {
        CheckFanIn(inputs, outputs, fanIn);
        return FromRows([.. Enumerable.Range(0, outputs).Select(output =>
        {
            var first = (int)((long)output * inputs / outputs);
            return (IReadOnlyList<int>)[.. Enumerable.Range(first, fanIn).Select(input => input % inputs)];
        })]);
    }

    /// <summary>Every output sees <paramref name="fanIn"/> different inputs, drawn from <paramref name="seed"/>.</summary>
    public static ConnectionTable Random(int inputs, int outputs, int fanIn, long seed)
    {
        CheckFanIn(inputs, outputs, fanIn);
        var random = new RandomSource(seed);
        var rows = new int[outputs][];
        var channels = new int[inputs];
        for (var output = 0; output < outputs; output++)
        {
            for (var input = 0; input < inputs; input++) channels[input] = input;
            random.Shuffle(channels.AsSpan());
            rows[output] = channels[..fanIn];
        }

        return FromRows(rows);
    }

    /// <inheritdoc/>
    public bool Equals(ConnectionTable? other) =>
        other is not null && rowStarts.AsSpan().SequenceEqual(other.rowStarts) && inputs.AsSpan().SequenceEqual(other.inputs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ConnectionTable);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var input in inputs) hash.Add(input);
        return hash.ToHashCode();
    }

    private static void CheckFanIn(int inputs, int outputs, int fanIn)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        if (fanIn < 1 || fanIn > inputs)
        {
            throw new ArgumentOutOfRangeException(nameof(fanIn), fanIn, $"connection table: a fan-in of {fanIn} from {inputs} inputs; choose 1 to {inputs}.");
        }
    }
}
