using Tessera.Connections;
using Tessera.Data;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Files;

public class DocumentationTests
{
    [Fact]
    public void The_page_on_model_files_says_the_same_in_json_and_csharp()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Tessera.slnx"))) folder = Path.GetDirectoryName(folder)!;
        var page = File.ReadAllText(Path.Combine(folder, "docs", "model-files.md"));
        var json = page[(page.IndexOf("```json", StringComparison.Ordinal) + 7)..];
        json = json[..json.IndexOf("```", StringComparison.Ordinal)];

        var model = new ModelDescription(
            new NetworkDescription("small", [1, 28, 28],
            [
                new Convolution(new() { Kernel = [5, 5], Outputs = 8, Stride = [2, 2], Padding = Padding.Same, Sharing = Sharing.Tiled([2, 2]) }),
                new Relu(),
                new Dense(10),
            ]),
            new TrainingDescription { Epochs = 10, BatchSize = 50, Optimiser = new Adam { LearningRate = 0.003 }, Schedule = new OneCycleSchedule() },
            new DataDescription { Source = "mnist-subset", MeasuresNormalisation = true, Augmentation = new Augmentation(new RandomShift(2)) });
        Assert.Equal(model, ModelJson.Parse(json, "model-files.md"));
    }
}
