using System.Text;
using System.Text.Json;
using Tessera.Data;
using Tessera.Reconstruction;

namespace Tessera.Files;

/// <summary>
/// Reads and writes the model files of reconstruction models that are no networks: JSON with the keys <c>name</c>, <c>input</c>,
/// <c>beliefNet</c> (a list of machines) or <c>sparseCoding</c>, <c>training</c> and <c>data</c>, by the schema in docs/tessera.schema.json.
/// </summary>
public static class ReconstructionJson
{
    private const string BeliefNetKey = "beliefNet";
    private const string SparseCodingKey = "sparseCoding";

    /// <summary>Whether the file at <paramref name="path"/> describes such a model, and no network.</summary>
    /// <exception cref="InvalidDataException">It is no JSON.</exception>
    public static bool Recognises(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Recognises(LocatedValue.ReadFile(path));
    }

    /// <summary>The model that the file at <paramref name="path"/> describes.</summary>
    /// <exception cref="InvalidDataException">A key is unknown, missing or twice there, a value is wrong, or sizes do not fit; the message has file and line.</exception>
    public static ReconstructionModel Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(LocatedValue.ReadFile(path));
    }

    /// <summary>The model that <paramref name="json"/> describes; messages call the text <paramref name="name"/>.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Read(string)"/>.</exception>
    public static ReconstructionModel Parse(string json, string name = "text")
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(LocatedValue.Parse(Encoding.UTF8.GetBytes(json), name));
    }

    /// <summary>The model as JSON that <see cref="Parse"/> reads back to an equal one.</summary>
    public static string Format(ReconstructionModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return JsonText.Indented(writer =>
        {
            if (model.Name.Length > 0) writer.WriteString("name", model.Name);
            ConvolutionJson.WriteSizes(writer, "input", model.InputShape);
            switch (model)
            {
                case BeliefNetModel net:
                    writer.WriteStartArray(BeliefNetKey);
                    foreach (var machine in net.Net.Machines) WriteMachine(writer, machine);
                    writer.WriteEndArray();
                    break;
                case SparseCodingModel coding:
                    WriteCoding(writer, coding.Coding);
                    break;
            }

            DataJson.Write(writer, model.Data);
            WriteTraining(writer, model);
        });
    }

    /// <summary>Writes the model as the file at <paramref name="path"/>, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, ReconstructionModel model) => JsonText.Write(path, Format(model));

    /// <summary>The same of a text.</summary>
    internal static bool Recognises(string json, string name) => Recognises(LocatedValue.Parse(Encoding.UTF8.GetBytes(json), name));

    private static bool Recognises(LocatedValue value) =>
        value.Kind == LocatedKind.Object && value.Members.Any(member => member.Name is BeliefNetKey or SparseCodingKey);

    private static ReconstructionModel Read(LocatedValue value)
    {
        var keys = new LocatedObject(value, "model");
        keys.Optional("$schema");
        var name = keys.Optional("name")?.NonEmptyText() ?? "";
        var input = keys.Required("input").WholeNumbers(1);
        var isNet = value.Members.Any(static member => member.Name == BeliefNetKey);
        var what = keys.Required(isNet ? BeliefNetKey : SparseCodingKey);
        LocatedValue? data = keys.Optional("data"), training = keys.Optional("training");
        keys.Close();
        var (schedule, learning) = ReadTraining(training, isNet);
        var described = data is null ? new DataDescription() : DataJson.Read(data);
        var machines = isNet ? ReadMachines(what) : null;
        var coding = isNet ? null : ReadCoding(what, input) with { Name = name };
        try
        {
            ReconstructionModel model = machines is not null
                ? new BeliefNetModel(new BeliefNetDescription(name, input, machines), (RbmTraining)learning)
                : new SparseCodingModel(coding!, (SparseCodingTraining)learning);
            model = model with { Schedule = schedule, Data = described };
            model.Check();
            return model;
        }
        catch (ArgumentException exception)
        {
            throw what.Wrong(exception.Message.Split(" (Parameter", 2)[0]);
        }
    }

    private static RbmDescription[] ReadMachines(LocatedValue value) => value.Kind == LocatedKind.List
        ? [.. value.Items.Select(ReadMachine)]
        : throw value.WrongBecause("a list of machines is needed");

    private static RbmDescription ReadMachine(LocatedValue value)
    {
        var keys = new LocatedObject(value, "machine");
        var description = ConvolutionJson.ReadKeys(keys);
        var machine = new RbmDescription
        {
            Name = keys.Optional("name")?.NonEmptyText() ?? "",
            Operator = description,
            Visible = keys.Optional("visible")?.OneOf("binary", "gaussian") == "gaussian" ? VisibleUnits.Gaussian : VisibleUnits.Binary,
            Hidden = keys.Optional("hidden")?.OneOf("binary", "rectified") == "rectified" ? HiddenUnits.Rectified : HiddenUnits.Binary,
            Pooling = ConvolutionJson.PerAxis(keys.Optional("pooling"), description.Rank),
        };
        keys.Close();
        return machine;
    }

    private static void WriteMachine(Utf8JsonWriter writer, RbmDescription machine)
    {
        writer.WriteStartObject();
        if (machine.Name.Length > 0) writer.WriteString("name", machine.Name);
        ConvolutionJson.WriteKeys(writer, machine.Operator);
        writer.WriteString("visible", machine.Visible == VisibleUnits.Gaussian ? "gaussian" : "binary");
        writer.WriteString("hidden", machine.Hidden == HiddenUnits.Rectified ? "rectified" : "binary");
        if (machine.Pooling.Count > 0) ConvolutionJson.WriteSizes(writer, "pooling", machine.Pooling);
        writer.WriteEndObject();
    }

    private static SparseCodingDescription ReadCoding(LocatedValue value, Sizes input)
    {
        var keys = new LocatedObject(value, SparseCodingKey);
        var description = new SparseCodingDescription { InputShape = input, Operator = ConvolutionJson.ReadKeys(keys, withBias: false) };
        description = description with
        {
            Sparsity = keys.Optional("sparsity")?.Real() ?? description.Sparsity,
            Iterations = keys.Optional("iterations")?.Whole(int.MinValue) ?? description.Iterations,
            Inference = keys.Optional("inference") is { } inference ? (SparseInference)Array.IndexOf(SparseCodingDescription.InferenceWords, inference.OneOf(SparseCodingDescription.InferenceWords)) : description.Inference,
            NonNegative = keys.Optional("nonNegative")?.Truth() ?? description.NonNegative,
        };
        keys.Close();
        return description;
    }

    private static void WriteCoding(Utf8JsonWriter writer, SparseCodingDescription coding)
    {
        writer.WriteStartObject(SparseCodingKey);
        // The operator's own bias is none, which its writer would say where there is no such key.
        ConvolutionJson.WriteKeys(writer, coding.Operator with { Bias = Operators.BiasSharing.LikeKernel });
        writer.WriteNumber("sparsity", coding.Sparsity);
        writer.WriteNumber("iterations", coding.Iterations);
        writer.WriteString("inference", SparseCodingDescription.InferenceWords[(int)coding.Inference]);
        if (coding.NonNegative) writer.WriteBoolean("nonNegative", true);
        writer.WriteEndObject();
    }

    private static (ReconstructionTraining Schedule, object Learning) ReadTraining(LocatedValue? value, bool isNet)
    {
        var schedule = new ReconstructionTraining();
        var net = new RbmTraining();
        var coding = new SparseCodingTraining();
        if (value is null) return (schedule, isNet ? net : coding);
        var keys = new LocatedObject(value, "training");
        schedule = schedule with
        {
            Epochs = keys.Optional("epochs")?.Whole(1) ?? schedule.Epochs,
            BatchSize = keys.Optional("batchSize")?.Whole(1) ?? schedule.BatchSize,
            Seed = keys.Optional("seed")?.WholeLong(long.MinValue) ?? schedule.Seed,
            Threads = keys.Optional("threads")?.Whole(0, 1024) ?? schedule.Threads,
            Exact = keys.Optional("exact")?.Truth() ?? schedule.Exact,
        };
        var rate = keys.Optional("learningRate")?.Real();
        if (isNet)
        {
            net = net with
            {
                LearningRate = rate ?? net.LearningRate,
                Momentum = keys.Optional("momentum")?.Real() ?? net.Momentum,
                WeightDecay = keys.Optional("weightDecay")?.Real() ?? net.WeightDecay,
                Steps = keys.Optional("steps")?.Whole(int.MinValue) ?? net.Steps,
                Persistent = keys.Optional("persistent")?.Truth() ?? net.Persistent,
                SparsityTarget = keys.Optional("sparsityTarget")?.Real() ?? net.SparsityTarget,
                SparsityWeight = keys.Optional("sparsityWeight")?.Real() ?? net.SparsityWeight,
            };
        }
        else
        {
            coding = coding with
            {
                LearningRate = rate ?? coding.LearningRate,
                EnergyDecay = keys.Optional("energyDecay")?.Real() ?? coding.EnergyDecay,
                ReplaceUnusedAfter = keys.Optional("replaceUnusedAfter")?.Whole(int.MinValue) ?? coding.ReplaceUnusedAfter,
                StartFromPatches = keys.Optional("startFromPatches")?.Truth() ?? coding.StartFromPatches,
            };
        }

        keys.Close();
        return (schedule, isNet ? net : coding);
    }

    private static void WriteTraining(Utf8JsonWriter writer, ReconstructionModel model)
    {
        writer.WriteStartObject("training");
        writer.WriteNumber("epochs", model.Schedule.Epochs);
        writer.WriteNumber("batchSize", model.Schedule.BatchSize);
        writer.WriteNumber("learningRate", model.LearningRate);
        if (model is BeliefNetModel { Training: var net })
        {
            writer.WriteNumber("momentum", net.Momentum);
            writer.WriteNumber("weightDecay", net.WeightDecay);
            writer.WriteNumber("steps", net.Steps);
            if (net.Persistent) writer.WriteBoolean("persistent", true);
            if (net.SparsityTarget is { } target) writer.WriteNumber("sparsityTarget", target);
            writer.WriteNumber("sparsityWeight", net.SparsityWeight);
        }

        if (model is SparseCodingModel { Training: var coding })
        {
            writer.WriteNumber("energyDecay", coding.EnergyDecay);
            writer.WriteNumber("replaceUnusedAfter", coding.ReplaceUnusedAfter);
            if (!coding.StartFromPatches) writer.WriteBoolean("startFromPatches", false);
        }

        writer.WriteNumber("seed", model.Schedule.Seed);
        if (model.Schedule.Threads != 0) writer.WriteNumber("threads", model.Schedule.Threads);
        if (model.Schedule.Exact) writer.WriteBoolean("exact", true);
        writer.WriteEndObject();
    }
}
