using System.Globalization;
using System.Text;
using Tessera.Cli.Pictures;
using Tessera.Connections;
using Tessera.Files;
using Tessera.Imaging;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>What an experiment in sharing came to: its folder, its tables and its picture, whole after every variant.</summary>
internal sealed class SharingRecord(RunFolder folder, ModelDescription model, SharingExperimentDescription description, IReadOnlyList<string> layers, IReadOnlyList<long> seeds)
{
    private readonly List<SharingVariant<float>> variants = [];

    /// <summary>The variants that are finished.</summary>
    public IReadOnlyList<SharingVariant<float>> Variants => variants;

    /// <summary>What the samples are called that are looked at after every epoch.</summary>
    public string Watched(bool hasTest) => model.Training.ValidationFraction == 0 && hasTest ? "test" : "validation";

    /// <summary>The name of a variant's folder.</summary>
    public string NameOf(SharingVariant<float> variant)
    {
        var name = variant.Sharing.ToString().Replace(' ', '-').Replace('×', 'x');
        return seeds.Count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-seed-{variant.Model.Training.Seed}");
    }

    /// <summary>Takes a variant in and writes everything anew.</summary>
    public void Add(SharingVariant<float> variant)
    {
        variants.Add(variant);
        var own = RunFolder.Create(folder[NameOf(variant)], "");
        Checkpoint.Save(own.Checkpoint, variant.Model, variant.Parameters);
        ModelJson.Write(own["model.json"], variant.Model);
        RunRecord.WriteMetrics(own, variant.Epochs);
        FirstFilters.Write(own["filters.svg"], variant.Parameters);
        var first = FirstFilters.IndexOf(variant.Model.Network);
        foreach (var index in layers.Select(layer => LayerChoice.IndexOf(variant.Model.Network, layer)).Where(index => index != first))
        {
            LayerFilters.Write(own[PictureFile.Safe($"filters-{variant.Model.Network.Layers[index].Name}.svg")], variant.Parameters, index);
        }

        WriteLines("summary.csv", variants.Select(each => string.Create(
            CultureInfo.InvariantCulture,
            $"{each.Model.Training.Seed},{each.Sharing},{each.TrainedWeights},{each.MultiplyAdds},{each.Epochs.Count},{description.UntieAfter},{each.Seconds},{Score.Of(each).Samples},{Score.Of(each).Accuracy},{Score.Of(each).Loss}"))
            .Prepend("seed,sharing,weights,multiplyAdds,epochs,untiedAfter,seconds,samples,accuracy,loss"));
        WriteLines("drift.csv", variants.SelectMany(each => each.Drift.Select(drift => string.Create(
            CultureInfo.InvariantCulture,
            $"{each.Model.Training.Seed},{each.Sharing},{drift.Layer},{drift.Epoch},{drift.Drift.Overall},{drift.Drift.PerTile.Max()},{string.Join('x', drift.Drift.Furthest)}")))
            .Prepend("seed,sharing,layer,epoch,drift,furthest,furthestTile"));
        Picture().Write(folder["drift.svg"]);
    }

    /// <summary>One variant for machines.</summary>
    public static void WriteJson(TextWriter output, SharingVariant<float> variant) => JsonLines.WriteLine(output, writer =>
    {
        var score = Score.Of(variant);
        writer.WriteNumber("seed", variant.Model.Training.Seed);
        writer.WriteString("sharing", variant.Sharing.ToString());
        writer.WriteNumber("weights", variant.TrainedWeights);
        writer.WriteNumber("multiplyAdds", variant.MultiplyAdds);
        writer.WriteFinite("seconds", variant.Seconds);
        if (score.Accuracy is { } accuracy) writer.WriteFinite($"{score.Samples}Accuracy", accuracy);
        writer.WriteFinite($"{score.Samples}Loss", score.Loss);
        SharingReport.WriteDrift(writer, variant.Drift.Where(drift => drift.Epoch == variant.Epochs.Count));
    });

    /// <summary>The last line for machines.</summary>
    public void WriteJson(TextWriter output) => JsonLines.WriteLine(output, writer =>
    {
        writer.WriteString("model", model.Network.Name);
        writer.WriteStartArray("layers");
        foreach (var layer in layers) writer.WriteStringValue(layer);
        writer.WriteEndArray();
        writer.WriteNumber("epochs", model.Training.Epochs);
        writer.WriteNumber("untieAfter", description.UntieAfter);
        writer.WriteStartArray("seeds");
        foreach (var seed in seeds) writer.WriteNumberValue(seed);
        writer.WriteEndArray();
        writer.WriteString("out", folder.Path);
    });

    /// <summary>The table for people: of several seeds the means, with each seed's accuracy beside them.</summary>
    public void WriteText(TextWriter output)
    {
        var measured = Score.Of(variants[0]);
        List<string[]> rows = [["sharing", "weights", "multiply-adds", measured.Samples + (measured.Accuracy is null ? " loss" : " accuracy"), "seconds", .. layers.Select(layer => "drift " + layer)]];
        foreach (var sharing in description.Sharings)
        {
            SharingVariant<float>[] own = [.. variants.Where(variant => variant.Sharing == sharing)];
            rows.Add([
                sharing.ToString(),
                own[0].TrainedWeights.ToString("#,0", CultureInfo.InvariantCulture),
                own[0].MultiplyAdds.ToString("#,0", CultureInfo.InvariantCulture),
                Quality(own),
                own.Average(variant => variant.Seconds).ToString("0.0", CultureInfo.InvariantCulture),
                .. layers.Select(layer => own.Average(variant => variant.Drift.Last(drift => drift.Layer == layer).Drift.Overall).ToString("0.000", CultureInfo.InvariantCulture)),
            ]);
        }

        output.WriteLine();
        foreach (var row in rows) output.WriteLine(string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(Width(column)) : cell.PadLeft(Width(column)))));
        output.WriteLine();
        output.WriteLine($"Seconds are those of the {model.Training.Epochs - description.UntieAfter} epochs after the untying. In {folder.Path}: summary.csv, drift.csv, drift.svg, and a folder for each variant.");

        int Width(int column) => rows.Max(row => row[column].Length);
    }

    private static string Quality(SharingVariant<float>[] variants)
    {
        double[] each = [.. variants.Select(variant => Score.Of(variant)).Select(score => score.Accuracy is { } part ? 100 * part : score.Loss)];
        var format = Score.Of(variants[0]).Accuracy is null ? "0.0000" : "0.00";
        var mean = each.Average().ToString(format, CultureInfo.InvariantCulture) + (Score.Of(variants[0]).Accuracy is null ? "" : " %");
        return each.Length == 1 ? mean : $"{mean} ({string.Join(", ", each.Select(value => value.ToString(format, CultureInfo.InvariantCulture)))})";
    }

    /// <summary>Drift over epochs, a panel for each layer and a curve for each sharing, and beside it how well they do; of several seeds the means.</summary>
    private CurveChart Picture()
    {
        var panels = new List<CurvePanel>();
        foreach (var layer in layers)
        {
            panels.Add(new CurvePanel($"Drift between tiles, {layer}", [.. Curves(description.UntieAfter, variant => variant.Sharing.IsShared ? [] : [.. variant.Drift.Where(drift => drift.Layer == layer).Select(drift => drift.Drift.Overall)])])
            {
                Least = 0,
                Format = value => value.ToString("0.000", CultureInfo.InvariantCulture),
            });
        }

        var hasAccuracy = variants[0].Epochs[0].Accuracy is not null;
        var watched = variants[0].Epochs[0].ValidationLoss is null ? "training" : Watched(variants[0].Test is not null);
        // The shared epochs are everybody's, and would press what comes after them flat.
        var first = Math.Max(1, description.UntieAfter);
        panels.Add(new CurvePanel(hasAccuracy ? $"Accuracy, {watched} (%)" : $"Loss, {watched}", [.. Curves(first, variant => [.. variant.Epochs.Skip(first - 1).Select(At)])])
        {
            Format = value => value.ToString(hasAccuracy ? "0.00" : "0.0000", CultureInfo.InvariantCulture) + (hasAccuracy ? " %" : ""),
        });
        panels.Add(new CurvePanel("Loss, training", [.. Curves(first, variant => [.. variant.Epochs.Skip(first - 1).Select(epoch => epoch.Loss)])]) { Least = 0 });
        return new CurveChart("Sharing: drift between tiles", panels);

        double At(EpochMetrics epoch) => hasAccuracy ? 100 * (epoch.ValidationAccuracy ?? epoch.Accuracy!.Value) : epoch.ValidationLoss ?? epoch.Loss;
    }

    private IEnumerable<Curve> Curves(int first, Func<SharingVariant<float>, double[]> values)
    {
        for (var i = 0; i < description.Sharings.Count; i++)
        {
            double[][] own = [.. variants.Where(variant => variant.Sharing == description.Sharings[i]).Select(values)];
            if (own.Length == 0) continue;
            yield return new Curve(description.Sharings[i].ToString(), [.. Enumerable.Range(0, own[0].Length).Select(at => own.Average(seed => seed[at]))]) { First = first, Colour = i };
        }
    }

    private void WriteLines(string name, IEnumerable<string> lines)
    {
        var text = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
        AtomicFile.Write(folder[name], stream => stream.Write(text));
    }

    /// <summary>What variants are compared by: the test, or without one what the last epoch came to.</summary>
    private readonly record struct Score(string Samples, double? Accuracy, double Loss)
    {
        public static Score Of(SharingVariant<float> variant)
        {
            var last = variant.Epochs[^1];
            if (variant.Test is { } test) return new("test", test.Accuracy, test.Loss);
            return last.ValidationLoss is { } loss ? new("validation", last.ValidationAccuracy, loss) : new("training", last.Accuracy, last.Loss);
        }
    }
}
