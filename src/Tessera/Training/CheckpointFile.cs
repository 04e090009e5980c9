using System.Globalization;
using System.Numerics;
using Tessera.Files;

namespace Tessera.Training;

/// <summary>
/// What every checkpoint is made of: a safetensors file whose metadata names the format and holds the model file's text and, where a
/// training can go on from it, where that stood. Whatever is asked for and is missing or wrong ends in an error with the file's path.
/// </summary>
internal sealed class CheckpointFile
{
    public const string OptimiserPrefix = "optimiser/";

    private const string Format = "tessera 1";
    private const string TrainingPrefix = "training.";

    private readonly SafetensorsFile file;

    private CheckpointFile(string path, SafetensorsFile file)
    {
        Path = path;
        this.file = file;
        if (!file.Metadata.TryGetValue("format", out var format) || format != Format)
            throw Wrong($"its format is '{format}', not '{Format}': it is no checkpoint of this library, or of a later version");
        ModelText = Text("model");
        HasTraining = file.Metadata.ContainsKey(TrainingPrefix + "epoch");
        History = HasTraining ? ReadHistory() : [];
    }

    public string Path { get; }

    /// <summary>The model file's text.</summary>
    public string ModelText { get; }

    /// <summary>Whether a training can go on from here.</summary>
    public bool HasTraining { get; }

    /// <summary>The epochs that had ended; empty without training.</summary>
    public IReadOnlyList<EpochMetrics> History { get; }

    public IReadOnlyList<SafetensorsEntry> Entries => file.Entries;

    /// <summary>The numbers of training and validation examples.</summary>
    public (long Training, long Validation) Samples => (Whole("samples", long.MaxValue), Whole("validationSamples", long.MaxValue));

    public static CheckpointFile Open(string path) => new(path, SafetensorsFile.Open(path));

    /// <summary>Throws where there is no folder to write a checkpoint into; null asks for none.</summary>
    public static void CheckFolder(string? path)
    {
        if (path is null || System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is not { } folder || Directory.Exists(folder)) return;
        throw new DirectoryNotFoundException($"training: the checkpoint is to be written to {path}, but there is no folder {folder}; make the folder first.");
    }

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="modelText">The model file's text.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="position">Where the training stands, with its numbers of examples; null for a model without its training.</param>
    public static void Write(string path, string modelText, IReadOnlyList<SafetensorsTensor> tensors, (TrainingPosition Position, long Samples, long ValidationSamples)? position)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = Format, ["model"] = modelText };
        if (position is var (at, samples, validationSamples))
        {
            Put("samples", samples);
            Put("validationSamples", validationSamples);
            Put("epoch", at.Epoch);
            Put("batch", at.Batch);
            Put("step", at.Step);
            Put("seen", at.Seen);
            Put("correct", at.Correct);
            Put("lossSum", at.LossSum);
            Put("seconds", at.Seconds);
            Put("history", string.Join('\n', at.History.Select(epoch => epoch.ToCsv())));
        }

        SafetensorsFile.Write(path, tensors, metadata);

        void Put(string key, IConvertible value) => metadata[TrainingPrefix + key] = value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Where the training stood.</summary>
    /// <exception cref="InvalidDataException">There is none, or it contradicts itself.</exception>
    public TrainingPosition ReadPosition(int batchesPerEpoch)
    {
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
        return position;
    }

    /// <summary>The numbers of tensors, in fresh memory: all is checked before anybody overwrites anything.</summary>
    /// <param name="tensors">The tensors' names in the file, and their shapes.</param>
    /// <param name="isOwn">Which names in the file must be among them.</param>
    /// <param name="of">What they are, for messages.</param>
    /// <param name="exactType">Whether numbers of another precision are refused instead of converted.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, is a stranger, has another shape, or holds a number that is not finite.</exception>
    public T[][] ReadAll<T>(IReadOnlyList<(string Name, Sizes Shape)> tensors, Func<string, bool> isOwn, string of, bool exactType)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        CheckAll<T>(tensors, exactType);
        var known = tensors.Select(static tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var stranger = file.Entries.FirstOrDefault(entry => isOwn(entry.Name) && !known.Contains(entry.Name));
        if (stranger is not null) throw Wrong($"'{stranger.Name}' belongs to no {of}; is it the file of another one?");
        return [.. tensors.Select(tensor => ReadFinite<T>(tensor.Name, checked((int)tensor.Shape.Product)))];
    }

    /// <summary>Checks that tensors are there and of these shapes, without reading them.</summary>
    /// <exception cref="InvalidDataException">One is missing or has another shape or no numbers of the precision.</exception>
    public void CheckAll<T>(IEnumerable<(string Name, Sizes Shape)> tensors, bool exactType)
    {
        foreach (var (name, shape) in tensors) CheckTensor<T>(name, shape, exactType);
    }

    public InvalidDataException Wrong(string what) => new($"{Path}: the checkpoint cannot be used: {what}.");

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
            throw new InvalidDataException($"{Path}: the checkpoint is damaged: history: {exception.Message}", exception);
        }
    }

    private void CheckTensor<T>(string name, Sizes shape, bool exactType)
    {
        if (!file.TryFind(name, out var entry)) throw Wrong($"there is no tensor '{name}' of {shape} in it; is it the file of another model?");
        if (entry.Shape != shape) throw Wrong($"'{name}' is {entry.Shape} in it but {shape} in the model");
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

    private string Text(string key) => file.Metadata.TryGetValue(key, out var text) ? text : throw Wrong($"'{key}' is missing");

    private long Whole(string key, long most) =>
        long.TryParse(Text(TrainingPrefix + key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most
            ? value
            : throw Wrong($"'{key}' is '{Text(TrainingPrefix + key)}', not a whole number from 0");

    private double Number(string key) =>
        double.TryParse(Text(TrainingPrefix + key), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw Wrong($"'{key}' is '{Text(TrainingPrefix + key)}', not a finite number");
}
