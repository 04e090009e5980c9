using Tessera.Connections;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// The channel connections of an operator as ONNX has them: groups. A table becomes either one group whose missing connections are zeros or,
/// where it is sparse, a group for each output over channels gathered beforehand, rows that are shorter than the longest filled up with zeros.
/// </summary>
internal sealed class ChannelForm
{
    /// <summary>
    /// How many times more channels there may be than an output sees, before they are gathered: of 64 channels of 16×16, ONNX Runtime takes
    /// 0.08 ms for all of them and 0.12 for 4 gathered for each output, 0.07 for 2.
    /// </summary>
    private const int MostIdle = 16;

    private readonly int[]? pairs;

    private ChannelForm(OperatorGeometry geometry, int groups, int inputs, int[]? pairs, int[]? gathered)
    {
        (Groups, Outputs, Inputs, Gathered, this.pairs) = (groups, geometry.OutputChannels, inputs, gathered, pairs);
    }

    public int Groups { get; }

    /// <summary>Output channels M.</summary>
    public int Outputs { get; }

    /// <summary>Input channels, after they were gathered.</summary>
    public int Inputs { get; }

    /// <summary>Input channels of a group.</summary>
    public int PerGroup => Inputs / Groups;

    /// <summary>The channels of the operator's input that make the groups'; null for all in their order.</summary>
    public int[]? Gathered { get; }

    /// <summary>Whether the kernel's pairs are those of the groups, in their order.</summary>
    public bool KeepsPairs => pairs is null;

    /// <summary>The kernel's pair of an output and the <paramref name="index"/>-th input of its group; −1 where they are not connected.</summary>
    public int Pair(int output, int index) => pairs is null ? (output * PerGroup) + index : pairs[(output * PerGroup) + index];

    public static ChannelForm Of(LayerScope scope, OperatorGeometry geometry)
    {
        if (geometry.Table is null) return WithoutGather(scope, geometry);
        var longest = Math.Max(1, Enumerable.Range(0, geometry.OutputChannels).Max(geometry.FanIn));
        if (geometry.InputChannels <= (long)MostIdle * longest) return WithoutGather(scope, geometry);
        var pairs = new int[scope.Count(geometry.OutputChannels * (double)longest)];
        var gathered = new int[pairs.Length];
        for (var output = 0; output < geometry.OutputChannels; output++)
        {
            for (var index = 0; index < longest; index++)
            {
                var isPair = index < geometry.FanIn(output);
                pairs[(output * longest) + index] = isPair ? geometry.FirstPair(output) + index : -1;
                gathered[(output * longest) + index] = isPair ? geometry.InputChannel(output, index) : 0;
            }
        }

        return new ChannelForm(geometry, geometry.OutputChannels, pairs.Length, pairs, gathered);
    }

    public static ChannelForm WithoutGather(LayerScope scope, OperatorGeometry geometry)
    {
        if (geometry.Table is null) return new ChannelForm(geometry, geometry.Groups, geometry.InputChannels, null, null);
        var pairs = new int[scope.Count(geometry.OutputChannels * (double)geometry.InputChannels)];
        Array.Fill(pairs, -1);
        for (var output = 0; output < geometry.OutputChannels; output++)
        {
            for (var index = 0; index < geometry.FanIn(output); index++) pairs[(output * geometry.InputChannels) + geometry.InputChannel(output, index)] = geometry.FirstPair(output) + index;
        }

        return new ChannelForm(geometry, 1, geometry.InputChannels, pairs, null);
    }

    /// <summary>The input with its channels as the groups take them.</summary>
    public string Gather(LayerScope scope, string value)
    {
        if (Gathered is null) return value;
        return scope.Node("Gather", [value, scope.Integers("channels", [.. Gathered.Select(static channel => (long)channel)])], Format.OnnxAttribute.Of("axis", 1));
    }
}
