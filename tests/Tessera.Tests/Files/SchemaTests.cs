using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Files;

public class SchemaTests
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly JsonElement Schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "docs", "tessera.schema.json"))).RootElement;
    private static readonly SchemaValidator Validator = new(Schema);

    /// <summary>How an object of the schema is brought before the reader.</summary>
    private static readonly Dictionary<string, Func<string, string>> Places = new()
    {
        ["model"] = json => json,
        ["machine"] = json => $$"""{ "input": [1, 28, 28], "beliefNet": [{{json}}] }""",
        ["coding"] = json => $$"""{ "input": [1, 28, 28], "sparseCoding": {{json}} }""",
        ["trainingOfBeliefNet"] = json => $$"""{ "input": [1, 28, 28], "beliefNet": [{ "kernel": [7, 7], "outputs": 4 }], "training": {{json}} }""",
        ["trainingOfSparseCoder"] = json => $$"""{ "input": [1, 28, 28], "sparseCoding": { "kernel": [7, 7], "outputs": 4 }, "training": {{json}} }""",
        ["layer"] = json => $$"""{ "input": [2, 8, 8], "layers": [{{json}}] }""",
        ["initialiser"] = json => InLayer($$"""{ "layer": "dense", "outputs": 2, "initialiser": {{json}} }"""),
        ["ringRule"] = json => InChannels($$"""{ "ring": {{json}} }"""),
        ["randomRule"] = json => InChannels($$"""{ "random": {{json}} }"""),
        ["tile"] = json => InLayer($$"""{ "layer": "convolution", "kernel": [3, 3], "outputs": 2, "sharing": {{json}} }"""),
        ["data"] = json => InModel($"\"data\": {json}"),
        ["normalise"] = json => InModel($$"""  "data": { "normalise": {{json}} }"""),
        ["change"] = json => InModel($$"""  "data": { "augmentation": [{{json}}] }"""),
        ["training"] = json => InModel($"\"training\": {json}"),
        ["loss"] = json => InModel($$"""  "training": { "loss": {{json}} }"""),
        ["optimiser"] = json => InModel($$"""  "training": { "optimiser": {{json}} }"""),
        ["schedule"] = json => InModel($$"""  "training": { "schedule": {{json}} }"""),
        ["earlyStopping"] = json => InModel($$"""  "training": { "earlyStopping": {{json}} }"""),
        ["groups"] = InChannels,
        ["table"] = InChannels,
        ["pairs"] = InChannels,
        ["ring"] = InChannels,
        ["random"] = InChannels,
    };

    private static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Tessera.slnx"))) folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    public static TheoryData<string> Objects => [.. Schema.GetProperty("$defs").EnumerateObject().Where(def => def.Value.TryGetProperty("properties", out _)).Select(def => def.Name)];

    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(Root, "samples"), "*.json").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Objects))]
    public void The_schema_names_the_keys_that_the_reader_knows(string name)
    {
        var definition = Schema.GetProperty("$defs").GetProperty(name);
        var example = (JsonObject)JsonNode.Parse(definition.GetProperty("examples")[0].GetRawText())!;
        example["xyzzy"] = true;
        var exception = Assert.Throws<InvalidDataException>(() => Read(name, example.ToJsonString()));
        var known = exception.Message[(exception.Message.IndexOf("Known keys: ", StringComparison.Ordinal) + "Known keys: ".Length)..].TrimEnd('.').Split(", ");
        Assert.Contains("unknown key 'xyzzy'", exception.Message, StringComparison.Ordinal);

        // One key stands for each of the schema's forms of connections.
        string[] forms = ["groups", "table", "pairs", "ring", "random"];
        var named = forms.Contains(name) ? forms : definition.GetProperty("properties").EnumerateObject().Select(property => property.Name);
        Assert.Equal(named.Order(StringComparer.Ordinal), known);
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void The_examples_of_the_schema_are_read_and_valid(string name)
    {
        foreach (var example in Schema.GetProperty("$defs").GetProperty(name).GetProperty("examples").EnumerateArray())
        {
            // Some examples need a neighbour to fit; that they are read is what counts.
            var exception = Record.Exception(() => Read(name, example.GetRawText()));
            if (exception is not null) Assert.DoesNotContain("key", exception.Message, StringComparison.Ordinal);
            if (name != "operator") Assert.Null(Validator.Error(Parse(Placed(name, example.GetRawText()))));
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_sample_is_valid_read_and_written_back(string name)
    {
        var path = Path.Combine(Root, "samples", name);
        Assert.Null(Validator.Error(Parse(File.ReadAllText(path))));
        if (ReconstructionJson.Recognises(path))
        {
            var learner = ReconstructionJson.Read(path);
            Assert.Equal(learner, ReconstructionJson.Parse(ReconstructionJson.Format(learner)));
            Assert.Null(Validator.Error(Parse(ReconstructionJson.Format(learner))));
            Assert.Equal(Path.GetFileNameWithoutExtension(path), learner.Name);
            return;
        }

        var model = ModelJson.Read(path);
        Assert.Equal(model, ModelJson.Parse(ModelJson.Format(model)));
        Assert.Equal(Path.GetFileNameWithoutExtension(path), model.Network.Name);
    }

    [Fact]
    public void What_the_writer_writes_is_valid() =>
        RandomModel.Any.Sample(model => Assert.Null(Validator.Error(Parse(ModelJson.Format(model)))), iter: 100, threads: 1);

    [Theory]
    [InlineData("""{ "input": [1], "layers": [{ "layer": "dense", "outputs": 10, "outputz": 3 }] }""")]
    [InlineData("""{ "input": [1], "layers": [{ "layer": "dens", "outputs": 10 }] }""")]
    [InlineData("""{ "input": [1], "layers": [{ "layer": "dense", "outputs": 0 }] }""")]
    [InlineData("""{ "layers": [{ "layer": "relu" }] }""")]
    [InlineData("""{ "input": [1], "layers": [{ "layer": "relu" }], "training": { "optimiser": { "optimiser": "sgd", "beta1": 0.9 } } }""")]
    public void What_the_reader_refuses_the_schema_refuses_too(string json)
    {
        Assert.NotNull(Validator.Error(Parse(json)));
        Assert.Throws<InvalidDataException>(() => ModelJson.Parse(json));
    }

    private static void Read(string name, string json)
    {
        if (name == "operator") ConvolutionJson.Parse(json);
        else if (name is "machine" or "coding" or "model.belief-net" or "model.sparse-coder" || name.StartsWith("trainingOf", StringComparison.Ordinal)) ReconstructionJson.Parse(Placed(name, json));
        else ModelJson.Parse(Placed(name, json));
    }

    private static string Placed(string name, string json) => Places[name.Split('.')[0]](json);

    private static JsonElement Parse(string json) => JsonDocument.Parse(json, Lenient).RootElement;

    private static string InLayer(string layer) => $$"""{ "input": [6, 8, 8], "layers": [{{layer}}] }""";

    private static string InChannels(string channels) => InLayer($$"""{ "layer": "convolution", "kernel": [3, 3], "outputs": 2, "channels": {{channels}} }""");

    private static string InModel(string member) => $$"""{ "input": [1, 8, 8], "layers": [{ "layer": "dense", "outputs": 2 }], {{member}} }""";
}
