using System.Globalization;
using System.Numerics;
using Tessera.Execution;
using Tessera.Files;

namespace Tessera.Training;

/// <summary>
/// A trained network in one safetensors file: its model file's text, its parameters under their own names, and, where it was saved
/// while training, everything to go on from there: the best epoch's parameters (<c>best/…</c>), the optimiser's state (<c>optimiser/…</c>), step, epoch and history. A file is written whole or not at all.
/// </summary>
public sealed class Checkpoint
{
    internal const string BestPrefix = "best/";
    internal const string OptimiserPrefix = "optimiser/";

    private const string Format = "tessera 1";
    private const string TrainingPrefix = "training.";

    private readonly string path;
    private readonly SafetensorsFile file;

    private Checkpoint(string path, SafetensorsFile file)
    {
        this.path = path;
        this.file = file;
        if (!file.Metadata.TryGetValue("format", out var format) || format != Format)
            throw Wrong($"its format is '{format}', not '{Format}': it is no checkpoint of this library, or of a later version");
        Model = ModelJson.Parse(Text("model"), $"{path}: model");
        HasTraining = file.Metadata.ContainsKey(TrainingPrefix + "epoch");
        HasBest = file.Entries.Any(entry => entry.Name.StartsWith(BestPrefix, StringComparison.Ordinal));
        History = HasTraining ? ReadHistory() : [];
    }

    /// <summary>The network, how it was trained, and how its samples are normalised.</summary>
    public ModelDescription Model { get; }

    /// <summary>Whether a training can go on from here.</summary>
    public bool HasTraining { get; }

    /// <summary>Whether the parameters of the best epoch are kept besides the last ones.</summary>
    public bool HasBest { get; }

    /// <summary>The epochs that had ended; empty without training.</summary>
    public IReadOnlyList<EpochMetrics> History { get; }

    /// <summary>Opens a checkpoint; parameters are read later.</summary>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is cut off or contradicts itself; the message says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Checkpoint Open(string path) => new(path, SafetensorsFile.Open(path));

    /// <summary>Saves a network without its training.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="model">The model, with its normalisation measured.</param>
    /// <param name="parameters">The network's parameters.</param>
    /// <exception cref="IOException">The file cannot be written; an old one stands.</exception>
    public static void Save<T>(string path, ModelDescription model, NetworkParameters<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        SafetensorsFile.Write(path, [.. Tensors(parameters, "")], Describe(model));

    /// <summary>The network's parameters: the best epoch's where they were kept, else the last.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, belongs to no parameter, has another shape, or holds a number that is not finite.</exception>
    public NetworkParameters<T> ReadParameters<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkParameters<T>.Zero(Model.Network);
        ReadParameters(parameters);
        return parameters;
    }

    /// <summary>Overwrites a network's parameters with those in the file: the best epoch's where they were kept, else the last.</summary>
    /// <param name="parameters">The parameters to overwrite; numbers are converted where the file has another precision.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, belongs to no parameter, has another shape, or holds a number that is not finite. Nothing has been overwritten then.</exception>
    public void ReadParameters<T>(NetworkParameters<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T> => ReadParameters(parameters, HasBest ? BestPrefix : "", exactType: false);

    internal static void Save<T>(
        string path,
        ModelDescription model,
        NetworkParameters<T> parameters,
        NetworkParameters<T>? best,
        OptimiserState<T> optimiser,
        TrainingPosition position,
        (long Training, long Validation) samples)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var metadata = Describe(model);
        Put("samples", samples.Training);
        Put("validationSamples", samples.Validation);
        Put("epoch", position.Epoch);
        Put("batch", position.Batch);
        Put("step", position.Step);
        Put("seen", position.Seen);
        Put("correct", position.Correct);
        Put("lossSum", position.LossSum);
        Put("seconds", position.Seconds);
        Put("history", string.Join('\n', position.History.Select(epoch => epoch.ToCsv())));
        SafetensorsFile.Write(
            path,
            [
                .. Tensors(parameters, ""),
                .. best is null ? [] : Tensors(best, BestPrefix),
                .. optimiser.States.Select(state => SafetensorsTensor.Create<T>(OptimiserPrefix + state.Name, state.Shape, state.Values)),
            ],
            metadata);

        void Put(string key, IConvertible value) => metadata[TrainingPrefix + key] = value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Puts a training where it stood when the file was written.</summary>
    /// <exception cref="InvalidDataException">The file has no training, or another one's.</exception>
    internal TrainingPosition Restore<T>(
        NetworkParameters<T> parameters,
        NetworkParameters<T>? best,
        OptimiserState<T> optimiser,
        int batchesPerEpoch,
        ModelDescription model,
        (long Training, long Validation) samples)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (!HasTraining) throw Wrong("it holds a network but no training to go on with; train anew, or resume from a checkpoint");
        ResumeMatch.Check(path, Model, (Whole("samples", long.MaxValue), Whole("validationSamples", long.MaxValue)), model, samples);
        var position = new TrainingPosition
        {
            Epoch = (int)Whole("epoch", int.MaxValue),
            Batch = (int)Whole("batch", int.MaxValue),
            Step = Whole("step", long.MaxValue),
            Seen = Whole("seen", long.MaxValue),
            Correct = Whole("correct", long.MaxValue),
            LossSum = Number("lossSum"),
            Seconds = Number("seconds"),
        };
        position.History.AddRange(History);
        if (position.Batch > batchesPerEpoch || position.Step != ((long)position.Epoch * batchesPerEpoch) + position.Batch)
            throw Wrong($"step {position.Step} is not batch {position.Batch} of epoch {position.Epoch + 1} where an epoch has {batchesPerEpoch} batches");
        if (History.Count != position.Epoch) throw Wrong($"it stands in epoch {position.Epoch + 1} but tells of {History.Count} epochs before it");

        // All is checked before anything is changed.
        var expected = optimiser.States.Select(state => (Name: OptimiserPrefix + state.Name, state.Shape, state.Values)).ToArray();
        foreach (var (name, shape, _) in expected) CheckTensor<T>(name, shape, exactType: true);
        var names = expected.Select(state => state.Name).ToHashSet(StringComparer.Ordinal);
        var stranger = file.Entries.FirstOrDefault(entry => entry.Name.StartsWith(OptimiserPrefix, StringComparison.Ordinal) && !names.Contains(entry.Name));
        if (stranger is not null) throw Wrong($"'{stranger.Name}' belongs to no parameter of this network and optimiser");
        var states = expected.Select(state => ReadFinite<T>(state.Name, state.Values.Length)).ToArray();

        // What is kept for the best epoch begins with the parameters themselves, for a file that was written before the first epoch ended.
        if (best is not null) ReadParameters(best, HasBest ? BestPrefix : "", exactType: true);
        ReadParameters(parameters, "", exactType: true);
        for (var i = 0; i < states.Length; i++) states[i].CopyTo(expected[i].Values, 0);
        optimiser.Steps = position.Step;
        return position;
    }

    private static IEnumerable<SafetensorsTensor> Tensors<T>(NetworkParameters<T> parameters, string prefix)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        parameters.Select(parameter => SafetensorsTensor.Create(prefix + parameter.Name, parameter.Description.Shape, parameter.Memory));

    private static Dictionary<string, string> Describe(ModelDescription model) =>
        new(StringComparer.Ordinal) { ["format"] = Format, ["model"] = ModelJson.Format(model) };

    private void ReadParameters<T>(NetworkParameters<T> parameters, string prefix, bool exactType)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (var parameter in parameters) CheckTensor<T>(prefix + parameter.Name, parameter.Description.Shape, exactType);
        var names = parameters.Select(parameter => prefix + parameter.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in file.Entries)
        {
            var own = prefix.Length > 0 ? entry.Name.StartsWith(prefix, StringComparison.Ordinal)
                : !entry.Name.StartsWith(BestPrefix, StringComparison.Ordinal) && !entry.Name.StartsWith(OptimiserPrefix, StringComparison.Ordinal);
            if (own && !names.Contains(entry.Name)) throw Wrong($"'{entry.Name}' belongs to no parameter of the network; is it the file of another one?");
        }

        // Into fresh memory first: a number that is not finite is found with nothing overwritten.
        var values = parameters.Select(parameter => ReadFinite<T>(prefix + parameter.Name, parameter.Span.Length)).ToArray();
        for (var i = 0; i < values.Length; i++) values[i].CopyTo(parameters[i].Span);
    }

    private void CheckTensor<T>(string name, Sizes shape, bool exactType)
    {
        if (!file.TryFind(name, out var entry)) throw Wrong($"there is no tensor '{name}' of {shape} in it; is it the file of another network?");
        if (entry.Shape != shape) throw Wrong($"'{name}' is {entry.Shape} in it but {shape} in the network");
        var type = typeof(T) == typeof(float) ? ElementType.Float32 : ElementType.Float64;
        if (exactType && entry.Type != type) throw Wrong($"'{name}' is {entry.Type}, but the training to resume computes in {type}; resume with the same precision");
        if (entry.Type is not (ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64))
            throw Wrong($"'{name}' is {entry.Type}; parameters are floats");
    }

    private T[] ReadFinite<T>(string name, int count)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = new T[count];
        file.Read<T>(name, values);
        var broken = Array.FindIndex(values, value => !T.IsFinite(value));
        return broken < 0 ? values : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"element {broken} of '{name}' is {values[broken]}, not a finite number"));
    }

    private List<EpochMetrics> ReadHistory()
    {
        var text = Text(TrainingPrefix + "history");
        try
        {
            List<EpochMetrics> history = text.Length == 0 ? [] : [.. text.Split('\n').Select(EpochMetrics.ParseCsv)];
            for (var i = 0; i < history.Count; i++)
            {
                if (history[i].Epoch != i + 1) throw new FormatException($"epoch {history[i].Epoch} stands where {i + 1} should");
            }

            return history;
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw new InvalidDataException($"{path}: the checkpoint is damaged: history: {exception.Message}", exception);
        }
    }

    private string Text(string key) => file.Metadata.TryGetValue(key, out var text) ? text : throw Wrong($"'{key}' is missing");

    private long Whole(string key, long most) =>
        long.TryParse(Text(TrainingPrefix + key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most
            ? value
            : throw Wrong($"'{key}' is '{Text(TrainingPrefix + key)}', not a whole number from 0");

    private double Number(string key) =>
        double.TryParse(Text(TrainingPrefix + key), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw Wrong($"'{key}' is '{Text(TrainingPrefix + key)}', not a finite number");

    private InvalidDataException Wrong(string what) => new($"{path}: the checkpoint cannot be used: {what}.");
}
