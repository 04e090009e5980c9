using System.Globalization;
using System.Text;
using Tessera.Cli.Pictures;
using Tessera.Data;
using Tessera.Files;
using Tessera.Imaging;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>What a finished training came to: its test, its pictures and its summary.</summary>
/// <param name="Folder">Where it stands.</param>
/// <param name="Subject">What was trained.</param>
/// <param name="Result">How the training went.</param>
/// <param name="Test">How it does on test samples; null where the data has none.</param>
/// <param name="Threads">The threads it was trained on.</param>
/// <param name="Files">The files it left.</param>
internal sealed record RunRecord(RunFolder Folder, RunSubject Subject, TrainingResult Result, Evaluation? Test, int Threads, IReadOnlyList<string> Files)
{
    /// <summary>Whether test samples may be watched after each epoch: only where nothing is decided by them.</summary>
    public static bool MayWatchTest(TrainingDescription training) => training.ValidationFraction == 0 && !training.KeepBest && training.EarlyStopping is null;

    /// <summary>Writes metrics.csv.</summary>
    public static void WriteMetrics(RunFolder folder, IReadOnlyList<EpochMetrics> epochs)
    {
        var text = Encoding.UTF8.GetBytes(string.Join('\n', epochs.Select(epoch => epoch.ToCsv()).Prepend(EpochMetrics.CsvHeader)) + "\n");
        AtomicFile.Write(folder["metrics.csv"], stream => stream.Write(text));
    }

    /// <summary>Tests a network and draws its pictures; the curves call what was looked at after each epoch as it is called here.</summary>
    public static RunRecord Complete(RunFolder folder, Trainer<float> trainer, TrainingResult result, Dataset? test, string watched, int threads, CancellationToken stopping)
    {
        var model = trainer.Model;
        var subject = RunSubject.Of(model);
        var files = WithCurves(folder, result, watched);
        if (FirstFilters.Write(folder["filters.svg"], trainer.Parameters)) files.Add("filters.svg");
        if (test is null) return new RunRecord(folder, subject, result, null, threads, files);

        files.AddRange(DrawSamples(folder, new TrainedModel(model, trainer.Parameters), test, threads, stopping));
        var evaluation = new Evaluator<float>(model.Network, trainer.Parameters, model.Training.Loss, 100, model.Data.Normalisation, new() { Threads = threads, Exact = model.Training.Exact }) { Target = model.Training.Target }.Evaluate(test, stopping);
        if (evaluation.Accuracy is not null && test.SampleShape.Count is 2 or 3)
        {
            var mistakes = Mistakes.Of(model, trainer.Parameters, test, threads, stopping);
            MistakesSheet.Write(folder["mistakes.svg"], $"{mistakes.Count} of {test.Count} test samples got wrong", mistakes, test.SampleShape);
            files.Add("mistakes.svg");
        }

        return new RunRecord(folder, subject, result, evaluation, threads, files);
    }

    /// <summary>Draws the pictures of a belief net or a sparse coder; its test is what its reconstructions miss, as after the last epoch.</summary>
    public static RunRecord Complete(RunFolder folder, ReconstructionTrainer<float> trainer, TrainingResult result, Dataset? test, int threads, CancellationToken stopping)
    {
        var files = WithCurves(folder, result, "test", trainer.Model);
        files.AddRange(ReconstructionPictures.Write(folder, test, threads, stopping));
        var evaluation = test is null ? null : new Evaluation(result.Epochs[^1].ValidationLoss!.Value, null, null, test.Count);
        return new RunRecord(folder, RunSubject.Of(trainer.Model, trainer.ParameterCount), result, evaluation, threads, files);
    }

    /// <summary>Draws the learning curves, and names the files that every run has.</summary>
    private static List<string> WithCurves(RunFolder folder, TrainingResult result, string watched, ReconstructionModel? model = null)
    {
        (Curves(result.Epochs, model) with { ValidationName = watched }).Write(folder["curves.svg"]);
        return ["model.safetensors", "model.json", "metrics.csv", "curves.svg"];
    }

    /// <summary>Draws what the network makes of test samples, and names the files.</summary>
    private static IEnumerable<string> DrawSamples(RunFolder folder, TrainedModel trained, Dataset test, int threads, CancellationToken stopping)
    {
        if (test.Count == 0 || !FeatureMaps.CanDraw(trained)) yield break;
        var first = PredictionSample.FromData(test, [0]).Single();
        FeatureMaps.Of(trained, first.Values, first.Title, threads: threads).Write(folder["features.svg"]);
        yield return "features.svg";
        if (!Reconstructions.CanDraw(trained.Model.Network)) yield break;
        var reconstructor = TrainedReconstructor.Of(trained, threads);
        Reconstructions.Of(reconstructor.Coder, test, Reconstructions.Usual, reconstructor.Corruption, stopping).Write(folder["reconstructions.svg"]);
        yield return "reconstructions.svg";
        if (!VariationalDecoder<float>.Exists(trained.Model.Network)) yield break;
        PriorSamples.Of(trained.Decoder(PriorSamples.Usual, threads), trained.Model.Data.Normalisation, 1).Write(folder["samples.svg"]);
        yield return "samples.svg";
    }

    /// <summary>The last line for machines.</summary>
    public void WriteJson(TextWriter output) => JsonLines.WriteLine(output, writer =>
    {
        writer.WriteString("model", Subject.Name);
        if (Test?.Accuracy is { } accuracy) writer.WriteFinite("testAccuracy", accuracy);
        else writer.WriteNull("testAccuracy");
        if (Test is not null) writer.WriteFinite("testLoss", Test.Loss);
        writer.WriteFinite("trainSeconds", Result.Seconds);
        writer.WriteFinite("imagesPerSecond", Result.ImagesPerSecond);
        writer.WriteNumber("epochs", Result.Epochs.Count);
        writer.WriteNumber("bestEpoch", Result.BestEpoch);
        writer.WriteString("outcome", Result.Outcome == TrainingOutcome.StoppedEarly ? "stoppedEarly" : "completed");
        writer.WriteNumber("seed", Subject.Seed);
        writer.WriteNumber("threads", Threads);
        writer.WriteNumber("parameters", Subject.Parameters);
        writer.WriteString("out", Folder.Path);
    });

    /// <summary>The summary for people.</summary>
    public void WriteText(TextWriter output)
    {
        output.WriteLine();
        var took = string.Create(CultureInfo.InvariantCulture, $"{Result.Epochs.Count} {(Result.Epochs.Count == 1 ? "epoch" : "epochs")} in {Result.Seconds:0.0} s ({Result.ImagesPerSecond:#,0} images a second on {Threads} {(Threads == 1 ? "thread" : "threads")})");
        if (Test is { Accuracy: { } accuracy, Confusion: var confusion })
        {
            var wrong = Test.Count - (int)Math.Round(accuracy * Test.Count);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Test accuracy {100 * accuracy:0.00} %: {wrong} of {Test.Count} wrong, after {took}."));
            if (confusion is not null && wrong > 0) output.WriteLine(MostConfused(confusion));
        }
        else if (Test is not null)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Test loss {Test.Loss:0.0000} on {Test.Count} samples, after {took}."));
        }
        else
        {
            output.WriteLine($"Trained {took}; the data has no test samples.");
        }

        if (Result.Outcome == TrainingOutcome.StoppedEarly) output.WriteLine($"It stopped early: epoch {Result.BestEpoch} was the best.");
        output.WriteLine($"In {Folder.Path}:");
        foreach (var file in Files) output.WriteLine($"  {file,-19} {Meaning(file)}");
        output.WriteLine($"Next: {string.Format(CultureInfo.InvariantCulture, Subject.Next, Folder.Path)}");
    }

    /// <summary>The learning curves of these epochs; the machines of a belief net have their own.</summary>
    public static LearningCurves Curves(IReadOnlyList<EpochMetrics> epochs, ReconstructionModel? model = null) => new(
        [.. epochs.Select(epoch => epoch.Loss)],
        epochs.All(epoch => epoch.ValidationLoss is not null) ? [.. epochs.Select(epoch => epoch.ValidationLoss!.Value)] : [],
        epochs.All(epoch => epoch.Accuracy is not null) ? [.. epochs.Select(epoch => epoch.Accuracy!.Value)] : [],
        epochs.All(epoch => epoch.ValidationAccuracy is not null) ? [.. epochs.Select(epoch => epoch.ValidationAccuracy!.Value)] : [])
    {
        Parts = model is BeliefNetModel { Net.Machines: var machines } ? [.. machines.Select(machine => machine.Name)] : [],
        EpochsOfPart = model?.Schedule.Epochs ?? 0,
    };

    private string MostConfused(ConfusionMatrix confusion)
    {
        var names = Subject.ClassNames.Count == confusion.Classes ? Subject.ClassNames : Dataset.NumberedClasses(confusion.Classes);
        var pairs = from actual in Enumerable.Range(0, confusion.Classes)
                    from said in Enumerable.Range(0, confusion.Classes)
                    where actual != said && confusion[actual, said] > 0
                    orderby confusion[actual, said] descending
                    select $"{names[actual]} taken for {names[said]} ({confusion[actual, said]})";
        return $"Most often: {string.Join(", ", pairs.Take(3))}.";
    }

    private static string Meaning(string file) => file switch
    {
        "model.safetensors" => "the trained model, for the other commands and --resume",
        "model.json" => "its description, to change and train again",
        "metrics.csv" => "loss, accuracy and rate of every epoch",
        "curves.svg" => "the learning curves",
        "filters.svg" => "the filters of the first layer",
        "codes.svg" => "the code of the first test sample",
        "samples.svg" => "what the model dreams from a seed",
        "features.svg" => "what every layer makes of the first test sample",
        "reconstructions.svg" => "test samples beside their reconstructions",
        _ => "what it got wrong, and what it said",
    };
}
