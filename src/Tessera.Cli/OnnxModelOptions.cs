using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using Tessera.Files;
using Tessera.Onnx;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>The options with which commands ask what an ONNX model does not say, with the same words everywhere.</summary>
internal sealed class OnnxModelOptions
{
    private readonly Option<string[]> inputShape = new("--input-shape") { Description = "ONNX: the shape of one example, without the batch, where the model does not say it, such as 3,224,224. Of several inputs name=3,224,224, once for each.", HelpName = "sizes" };
    private readonly Option<string[]> input = new("--input") { Description = "ONNX: the input that samples go into, of a model with several. Given again, they go in one behind another.", HelpName = "name" };
    private readonly Option<string[]> constants = new("--constant") { Description = "ONNX: another input and the array that it always is. May be given again.", HelpName = "name=FILE.npy" };
    private readonly Option<bool> channelsFirst = new("--channels-first") { Description = "ONNX: take samples with their channels first, as images and datasets here have them, of a model that has them last." };
    private readonly Option<string?> classes = new("--classes") { Description = "ONNX: a text file with the name of a class in each line.", HelpName = "FILE" };
    private readonly Option<IReadOnlyList<float>?> mean = CommandOptions.Reals("--mean", "ONNX: what is taken from each channel of samples from 0 to 1, one number or one for each channel.", float.MinValue);
    private readonly Option<IReadOnlyList<float>?> deviation = CommandOptions.Reals("--deviation", "ONNX: what each channel is divided by after that; 0.00392157 for a model that takes 0 to 255.", float.Epsilon);
    private readonly Option<string?> loss = new("--loss") { Description = "What the model is trained on with; what its last layer suggests if left out." };
    private readonly bool takesSamples, trains;

    private OnnxModelOptions(bool takesSamples, bool trains)
    {
        (this.takesSamples, this.trains) = (takesSamples, trains);
        loss.AcceptOnlyFromAmong("cross-entropy", "binary-cross-entropy", "mean-squared-error", "mean-absolute-error");
    }

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="takesSamples">Whether it runs the model on samples or keeps what is said of them.</param>
    /// <param name="trains">Whether it keeps what is said of training.</param>
    public static OnnxModelOptions AddTo(Command command, bool takesSamples, bool trains = false)
    {
        var options = new OnnxModelOptions(takesSamples, trains);
        foreach (var option in options.All) command.Options.Add(option);
        return options;
    }

    private IEnumerable<Option> All => [inputShape, input, constants, channelsFirst, .. takesSamples ? new Option[] { classes, mean, deviation } : [], .. trains ? new Option[] { loss } : []];

    /// <summary>What was said.</summary>
    /// <exception cref="UsageException">A constant is not written as a name and a file.</exception>
    public OnnxModelSettings Read(ParseResult parsed) => new()
    {
        Import = new OnnxImportOptions
        {
            InputShape = ReadShapes(parsed).FirstOrDefault(static given => given.Name.Length == 0).Shape,
            InputShapes = ReadShapes(parsed).Where(static given => given.Name.Length > 0).DistinctBy(static given => given.Name).ToDictionary(static given => given.Name, static given => given.Shape),
            Input = parsed.GetValue(input) is [var one] ? one : null,
            Inputs = parsed.GetValue(input) is { Length: > 1 } several ? several : [],
            Constants = (parsed.GetValue(constants) ?? []).Select(ReadConstant).DistinctBy(static constant => constant.Name).ToDictionary(static constant => constant.Name, static constant => constant.Value),
        },
        ChannelsFirst = parsed.GetValue(channelsFirst),
        ClassFile = takesSamples ? parsed.GetValue(classes) : null,
        Mean = takesSamples ? parsed.GetValue(mean) : null,
        Deviation = takesSamples ? parsed.GetValue(deviation) : null,
        Loss = (trains ? parsed.GetValue(loss) : null) switch
        {
            "cross-entropy" => new CrossEntropy(),
            "binary-cross-entropy" => new BinaryCrossEntropy(),
            "mean-squared-error" => new MeanSquaredError(),
            "mean-absolute-error" => new MeanAbsoluteError(),
            _ => null,
        },
        Given = All.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false })?.Name,
    };

    /// <summary>The shapes that are said, each with the name of its input where there are several.</summary>
    private List<(string Name, Sizes Shape)> ReadShapes(ParseResult parsed)
    {
        var shapes = new List<(string Name, Sizes Shape)>();
        foreach (var text in parsed.GetValue(inputShape) ?? [])
        {
            var at = text.LastIndexOf('=');
            var name = at < 0 ? "" : text[..at];
            int[] sizes = [.. text[(at + 1)..].Split(',', StringSplitOptions.TrimEntries).Select(static part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0)];
            if (at == 0 || sizes.Any(static size => size < 1)) throw new UsageException($"--input-shape: '{text}' is no list of sizes of at least 1; give such as 3,224,224, or name=3,224,224 of several inputs.");
            shapes.Add((name, Sizes.Create(sizes)));
        }

        var isSeveral = parsed.GetValue(input) is { Length: > 1 };
        if (shapes.Count > 1 && shapes.Exists(static given => given.Name.Length == 0)) throw new UsageException("--input-shape: it is given twice; of several inputs say which, such as name=3,224,224.");
        if (shapes.FirstOrDefault(given => given.Name.Length > 0 != isSeveral) is { Shape.Count: > 0 } wrong)
            throw new UsageException(isSeveral ? "--input-shape: there are several inputs; say which one has it, such as name=3,224,224." : $"--input-shape: '{wrong.Name}' is named as one of several inputs; name them all by --input, or leave the name out.");
        return shapes;
    }

    private static (string Name, Tensor<float> Value) ReadConstant(string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        if (at < 1 || at == text.Length - 1) throw new UsageException($"--constant: '{text}' is no name and file; give such as size=size.npy.");
        var path = text[(at + 1)..];
        if (!File.Exists(path)) throw new FileNotFoundException($"--constant {path}: there is no such file.");
        return (text[..at], NpyFile.Read(path).ToTensor<float>());
    }
}
