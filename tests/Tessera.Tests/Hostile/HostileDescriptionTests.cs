using System.Text;
using CsCheck;
using Tessera.Files;
using Tessera.Fuzz;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Reconstruction;
using Xunit;

namespace Tessera.Tests.Hostile;

/// <summary>Descriptions of a few words that ask for far more: they end in words, and at once.</summary>
public class HostileDescriptionTests
{
    [Fact]
    public void A_checkpoint_gets_no_memory_for_what_is_not_in_it()
    {
        using var folder = new TemporaryFolder();
        var model = """{ "input": [1000], "layers": [{ "layer": "dense", "outputs": 500000 }] }""";
        SafetensorsFile.Write(folder["a"], [], new Dictionary<string, string> { ["format"] = "tessera 1", ["model"] = model });
        Assert.False(Reader("checkpoint").Check(File.ReadAllBytes(folder["a"])).IsAccepted);
    }

    [Fact]
    public void A_model_of_codes_gets_no_memory_for_what_is_not_in_its_checkpoint()
    {
        using var folder = new TemporaryFolder();
        var model = """{ "input": [1, 40, 40], "sparseCoding": { "kernel": [20, 20], "outputs": 100000, "stride": [20, 20] } }""";
        SafetensorsFile.Write(folder["a"], [SafetensorsTensor.Create<float>("dictionary", [2], new float[2])], new Dictionary<string, string> { ["format"] = "tessera 1", ["model"] = model });
        var checkpoint = ReconstructionCheckpoint.Open(folder["a"]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => checkpoint.ReadModel<float>(1, 1));
        Assert.Equal($"{folder["a"]}: the checkpoint cannot be used: its model has 40000000 parameters, but all tensors in it together only 2 numbers; it is cut short or the file of another model.", error.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void A_model_file_of_many_axes_is_refused_by_layer()
    {
        var error = Assert.Throws<InvalidDataException>(() => ModelJson.Parse($$"""{ "input": [4], "layers": [{ "layer": "reshape", "shape": [{{string.Join(", ", Enumerable.Repeat(1, 100))}}, 4] }] }"""));
        Assert.Equal("text line 1: reshape1: its output has 102 axes; at most 64 are possible.", error.Message);
        Assert.Throws<InvalidDataException>(() => ModelJson.Parse($$"""{ "input": [{{string.Join(", ", Enumerable.Repeat(1, 100))}}], "layers": [{ "layer": "relu" }] }"""));
    }

    [Fact]
    public void More_parameters_than_can_be_counted_are_an_error_and_no_overflow()
    {
        var branches = Enumerable.Range(0, 8).Select(static index => $$"""{ "layer": "convolution", "name": "c{{index}}", "inputs": ["input"], "kernel": [32768, 32768], "outputs": 11, "sharing": "unshared" }""");
        var names = string.Join(", ", Enumerable.Range(0, 8).Select(static index => $"\"c{index}\""));
        var bytes = Encoding.UTF8.GetBytes($$"""{ "input": [1, 46340, 46340], "layers": [{{string.Join(", ", branches)}}, { "layer": "add", "inputs": [{{names}}] }] }""");
        Assert.False(Reader("model").Check(bytes).IsAccepted);
    }

    [Fact]
    public void Tables_that_a_few_words_ask_for_are_few_in_a_file()
    {
        string Layer(string rule) => $$"""{ "layer": "convolution", "kernel": [1], "outputs": 1000, "channels": { {{rule}} } }""";
        string File(string layers) => $$"""{ "input": [4, 4], "layers": [{{layers}}] }""";
        Assert.Contains("pairs of channels", Refused(File(string.Join(", ", Enumerable.Repeat(Layer(""" "ring": { "inputs": 2500, "fanIn": 2500 } """), 2)))), StringComparison.Ordinal);
        Assert.Contains("pairs of channels", Refused(File(Layer(""" "random": { "inputs": 1000000, "fanIn": 1 } """))), StringComparison.Ordinal);

        // As many as there may be stay within what a file of any length may take.
        foreach (var rule in (string[])[""" "ring": { "inputs": 1000, "fanIn": 500 } """, """ "random": { "inputs": 1000, "fanIn": 450, "seed": 1 } """])
            Assert.True(Reader("model").Check(Encoding.UTF8.GetBytes($$"""{ "input": [1000, 2], "layers": [{{Layer(rule)}}] }""")).IsAccepted);

        static string Refused(string json) => Assert.Throws<InvalidDataException>(() => ModelJson.Parse(json)).Message;
    }

    [Fact]
    public void Long_keys_over_long_lists_are_not_put_together()
    {
        var bytes = Encoding.UTF8.GetBytes($$"""{ "{{new string('a', 100_000)}}": [{{string.Join(",", Enumerable.Repeat('1', 10_000))}}] }""");
        Assert.False(Reader("model").Check(bytes).IsAccepted);
    }

    [Fact]
    public void Long_names_are_no_work_for_the_spelling()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(Spelling.Nearest("sigmoid", [new string('a', 1 << 20), .. Enumerable.Repeat("sigmoids", 1 << 16).Select(static (_, index) => $"x{index}")]));
        Assert.Equal("sigmoids", Spelling.Nearest("sigmoid", [new string('s', 1 << 20), "sigmoids"]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void Layers_in_any_order_are_sorted_as_by_going_through_the_list_again_and_again() =>
        (from count in Gen.Int[1, 12]
         from places in Gen.Shuffle(Enumerable.Range(0, count).ToArray())
         from sources in Gen.Int[0, int.MaxValue].Array[2 * count]
         select (places, sources)).Sample(
            drawn =>
            {
                var (places, sources) = drawn;
                var count = places.Length;
                // Layer k of the flow adds two of the input and the layers before it; the last stands at the list's end.
                var layers = new Layer[count + 1];
                for (var k = 0; k < count; k++) layers[places[k]] = new Add { Name = $"n{k}", Inputs = [Name(sources[2 * k] % (k + 1)), Name(sources[(2 * k) + 1] % (k + 1))] };
                layers[count] = new Add { Name = "last", Inputs = LayerNames.Create([.. Enumerable.Range(0, count).Select(static k => $"n{k}"), "input"]) };
                var order = new NetworkDescription("net", [3], layers).Graph.Order;

                var expected = new List<int>();
                var known = new HashSet<string> { "input" };
                while (expected.Count < layers.Length)
                {
                    for (var index = 0; index < layers.Length; index++)
                    {
                        if (layers[index].Inputs.All(known.Contains) && known.Add(layers[index].Name)) expected.Add(index);
                    }
                }

                return order.SequenceEqual(expected);
            },
            threads: 1,
            iter: 300);

    private static string Name(int place) => place == 0 ? "input" : $"n{place - 1}";

    private static HostileReader Reader(string name) => CoreReaders.All.Single(reader => reader.Name == name);
}
