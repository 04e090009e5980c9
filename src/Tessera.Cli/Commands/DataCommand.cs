using System.CommandLine;
using System.Globalization;
using Tessera.Data;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera data</c>: which data is there, and what is in it.</summary>
internal static class DataCommand
{
    /// <summary>The command with <c>list</c> and <c>show</c>.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("data", "List the data at hand, or show what a dataset holds.") { List(session), Show(session) };
        HelpWithExamples.Set(command, Examples);
        return command;
    }

    private const string Examples =
        """
        Datasets are found by name in the folders that TESSERA_DATA names (separated as in PATH) and in /usr/share/datasets,
        or by path: a folder of IDX files (MNIST), of CIFAR-10's binary files, of images by class, or of NumPy files (x.npy, y.npy), or a .npz.

        Examples:
          tessera data list
          tessera data show fashion-mnist
          tessera data show ~/mydata --json
        """;

    private static Command List(Session session)
    {
        var json = CommandOptions.Json();
        var command = new Command("list", "List the datasets that can be used by name, and how to get those that are missing.") { json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            foreach (var (name, place, how) in DataSources.Known())
            {
                if (parsed.GetValue(json))
                {
                    JsonLines.WriteLine(session.Output, writer =>
                    {
                        writer.WriteString("name", name);
                        writer.WriteBoolean("available", place is not null);
                        if (place is not null) writer.WriteString("place", place);
                        else writer.WriteString("howToGet", how);
                    });
                }
                else
                {
                    session.Output.WriteLine($"{name,-16} {place ?? "missing: " + how}");
                }
            }

            return Tool.Fine;
        });
        return command;
    }

    private static Command Show(Session session)
    {
        var source = new Argument<string>("data") { Description = "A dataset's name or path.", HelpName = "NAME|PATH" };
        var json = CommandOptions.Json();
        var command = new Command("show", "Show counts, shapes, classes, means and deviations of a dataset.") { source, json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var name = parsed.GetRequiredValue(source);
            var data = DataSources.Read(name);
            var normalise = Normalise.Over(data.Training);
            if (parsed.GetValue(json)) WriteJson(session, name, data, normalise);
            else WriteText(session.Output, name, data, normalise);
            return Tool.Fine;
        });
        return command;
    }

    private static void WriteJson(Session session, string name, DataSplit data, Normalise normalise) =>
        JsonLines.WriteLine(session.Output, writer =>
        {
            writer.WriteString("name", name);
            writer.WriteNumber("training", data.Training.Count);
            writer.WriteNumber("test", data.Test?.Count ?? 0);
            writer.WriteSizes("sampleShape", data.Training.SampleShape);
            writer.WriteStartArray("classes");
            foreach (var className in data.Training.ClassNames) writer.WriteStringValue(className);
            writer.WriteEndArray();
            if (data.Training.IsLabelled)
            {
                writer.WriteStartArray("trainingByClass");
                foreach (var count in CountsByClass(data.Training)) writer.WriteNumberValue(count);
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteSizes("targetShape", data.Training.TargetShape);
            }

            writer.WriteStartArray("mean");
            foreach (var mean in normalise.Mean) writer.WriteNumberValue(mean);
            writer.WriteEndArray();
            writer.WriteStartArray("standardDeviation");
            foreach (var deviation in normalise.StandardDeviation) writer.WriteNumberValue(deviation);
            writer.WriteEndArray();
        });

    private static void WriteText(TextWriter output, string name, DataSplit data, Normalise normalise)
    {
        output.WriteLine($"{name}: {data.Training.Count} samples to train, {data.Test?.Count ?? 0} to test, each {data.Training.SampleShape} (channels first)");
        if (data.Training.IsLabelled)
        {
            var (training, test) = (CountsByClass(data.Training), data.Test is null ? null : CountsByClass(data.Test));
            var width = data.Training.ClassNames.Max(className => className.Length);
            output.WriteLine($"  {"class".PadRight(Math.Max(width, 5))}     train      test");
            for (var label = 0; label < training.Length; label++)
            {
                output.WriteLine($"  {data.Training.ClassNames[label].PadRight(Math.Max(width, 5))} {training[label],9} {(test is null ? "-" : $"{test[label]}"),9}");
            }
        }
        else
        {
            output.WriteLine($"  targets {data.Training.TargetShape}");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  by channel, over the training samples: mean {string.Join(", ", normalise.Mean.Select(Short))}; standard deviation {string.Join(", ", normalise.StandardDeviation.Select(Short))}"));

        static string Short(float value) => value.ToString("0.####", CultureInfo.InvariantCulture);
    }

    private static int[] CountsByClass(Dataset data)
    {
        var counts = new int[data.ClassCount];
        for (var index = 0; index < data.Count; index++) counts[data.Label(index)]++;
        return counts;
    }
}
