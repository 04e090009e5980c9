namespace Tessera.Connections;

/// <summary>Which input channels each output channel sees: all of them, those of its group, or those of a table's row.</summary>
public sealed record ChannelConnections
{
    private ChannelConnections(int groupCount, ConnectionTable? table) => (GroupCount, ConnectionTable) = (groupCount, table);

    /// <summary>Every output sees every input.</summary>
    public static ChannelConnections Dense { get; } = new(1, null);

    /// <summary>One group per input channel, whatever their number: depthwise.</summary>
    public static ChannelConnections Depthwise { get; } = new(0, null);

    /// <summary>The number of groups: 1 for dense and for a table, 0 for depthwise (as many as there are input channels).</summary>
    public int GroupCount { get; }

    /// <summary>The table, if these connections are one.</summary>
    public ConnectionTable? ConnectionTable { get; }

    /// <summary>The first M/g outputs see the first C/g inputs, the second the second, and so on (chapter figure 9.15).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one group.</exception>
    public static ChannelConnections Groups(int count)
    {
        if (count < 1) throw new ArgumentOutOfRangeException(nameof(count), count, "channels: at least one group is needed.");
        return new ChannelConnections(count, null);
    }

    /// <summary>Row m of the table lists the inputs that output m sees; weights are stored for those pairs alone.</summary>
    public static ChannelConnections Table(ConnectionTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new ChannelConnections(1, table);
    }

    /// <summary><c>dense</c>, <c>depthwise</c>, <c>4 groups</c> or <c>table of 60 pairs</c>.</summary>
    public override string ToString() => ConnectionTable is not null
        ? $"table of {ConnectionTable.PairCount} pairs"
        : GroupCount switch { 0 => "depthwise", 1 => "dense", _ => $"{GroupCount} groups" };
}
