using CsCheck;
using Tessera.Connections;
using Tessera.Files;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Files;

public class ConvolutionJsonTests
{
    [Fact]
    public void Every_description_comes_back_equal() =>
        RandomOperator.Any.Sample(op => Assert.Equal(op.Description, ConvolutionJson.Parse(ConvolutionJson.Format(op.Description))), iter: 500, threads: 1);

    [Fact]
    public void What_is_left_out_is_stride_1_dilation_1_valid_dense_shared() =>
        Assert.Equal(new ConvolutionDescription { Kernel = [3, 3], Outputs = 8 }, ConvolutionJson.Parse("""{ "kernel": [3, 3], "outputs": 8 }"""));

    [Fact]
    public void Every_key_of_the_contract_is_read()
    {
        var read = ConvolutionJson.Parse(
            """
            // Comments and trailing commas are welcome.
            { "kernel": [3, 3], "outputs": 3, "stride": [2, 1], "dilation": 2, "padding": [[1, 1], [0, 2]],
              "channels": { "table": [[1, 0], [1, 2], [0, 2]] }, "sharing": { "tile": [2, 3] }, "bias": "per-channel", "flip": true, }
            """);
        var wanted = new ConvolutionDescription
        {
            Kernel = [3, 3],
            Outputs = 3,
            Stride = [2, 1],
            Dilation = [2, 2],
            Padding = Padding.Explicit([1, 0], [1, 2]),
            Channels = ChannelConnections.Table(ConnectionTable.FromRows([[0, 1], [1, 2], [0, 2]])),
            Sharing = Sharing.Tiled([2, 3]),
            Bias = BiasSharing.PerChannel,
            Flip = true,
        };
        Assert.Equal(wanted, read);
    }

    [Fact]
    public void Tables_are_given_by_rows_pairs_and_rules()
    {
        static ConnectionTable? Read(string channels, int outputs) =>
            ConvolutionJson.Parse($$"""{ "kernel": [1], "outputs": {{outputs}}, "channels": {{channels}} }""").Channels.ConnectionTable;
        Assert.Equal(ConnectionTable.LeNet5, Read("""{ "table": "lenet5" }""", 16));
        Assert.Equal(ConnectionTable.Ring(6, 4, 3), Read("""{ "ring": { "inputs": 6, "fanIn": 3 } }""", 4));
        Assert.Equal(ConnectionTable.Random(6, 4, 3, 9), Read("""{ "random": { "inputs": 6, "fanIn": 3, "seed": 9 } }""", 4));
        Assert.Equal(ConnectionTable.FromRows([[1], [0]]), Read("""{ "pairs": [[1, 0], [0, 1]] }""", 2));
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("[3]", "line 1: operator is a list of 1, but an object")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 8,\n\n\"fliip\": true }", "line 3: operator: unknown key 'fliip'; did you mean 'flip'?")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 8, \"xyzzy\": true }", "unknown key 'xyzzy'. Known keys: bias, channels")]
    [InlineData("{ \"kernal\": [3], \"outputs\": 8 }", "has no key 'kernel'; did you mean 'kernel' by 'kernal'?")]
    [InlineData("{ \"kernel\": [3],\n \"outputs\": 8,\n \"outputs\": 9 }", "line 3: the key 'outputs' stands here and in line 2")]
    [InlineData("{ \"kernel\": [3],\n \"outputs\": 8.5 }", "line 2: 'outputs' is 8.5, but a whole number of at least 1 is needed")]
    [InlineData("{ \"kernel\": [3], \"outputs\": \"8\" }", "'outputs' is \"8\", but a whole number")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 99999999999 }", "'outputs' is 99999999999")]
    [InlineData("{ \"kernel\": [], \"outputs\": 1 }", "one size per spatial axis")]
    [InlineData("{ \"kernel\": [3, -1], \"outputs\": 1 }", "'kernel[1]' is -1")]
    [InlineData("{ \"kernel\": 3, \"outputs\": 1 }", "'kernel' is 3, but a list of whole numbers")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"stride\": [2, 2] }", "'stride' has 2 entries, but the kernel has 1 axes")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"padding\": \"sam\" }", "did you mean \"same\"?")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"padding\": [1] }", "'padding[0]' is 1, but a pair [low, high]")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"padding\": [[1, -1]] }", "'padding[0][1]' is -1")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"channels\": { \"groups\": 1, \"table\": [[0]] } }", "exactly one of groups, table")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 2, \"channels\": { \"table\": [[0]] } }", "the connection table has 1 rows but 'outputs' is 2")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"channels\": { \"table\": [[0, 0]] } }", "line 1: connection table: row 0 names input 0 twice")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 2000000000, \"channels\": { \"random\": { \"inputs\": 9, \"fanIn\": 9 } } }", "at most 1048576")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"sharing\": { \"tile\": [0] } }", "'tile[0]' is 0")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1, \"bias\": \"yes\" }", "'bias' is \"yes\", but true")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1", "not valid JSON")]
    [InlineData("{ \"kernel\": [3], \"outputs\": 1 } {}", "not valid JSON")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "not valid JSON")]
    public void What_is_wrong_is_said_with_its_line(string json, string message)
    {
        var exception = Assert.Throws<InvalidDataException>(() => ConvolutionJson.Parse(json));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith("text", exception.Message, StringComparison.Ordinal);
    }
}
