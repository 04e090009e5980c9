using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Cli.Pictures;
using Tessera.Connections;
using Tessera.Files;
using Tessera.Imaging;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw channels</c>: which input channels each output channel of an operator sees.</summary>
internal static class DrawChannels
{
    private const string Examples =
        """
        Few channels are drawn as units with an edge for each connected pair, many as a table with a dot for each.

        Examples:
          tessera draw channels --inputs 4 --outputs 4 --groups 2
          tessera draw channels --inputs 8 --outputs 8 --groups 8      (depthwise)
          tessera draw channels --spec operator.json --inputs 6        (the operator as for 'tessera apply')
          tessera draw channels samples/lenet5.json --layer c3         (a layer of a model; the first convolution if left out)
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string?>("model") { Description = "A model, a JSON file or the folder that a training left, to draw a layer of.", HelpName = "MODEL", Arity = ArgumentArity.ZeroOrOne };
        var layer = new Option<string?>("--layer") { Description = "The layer of the model.", HelpName = "name" };
        var spec = new Option<string?>("--spec") { Description = "The operator, a JSON file as 'tessera apply' takes it.", HelpName = "FILE.json" };
        var inputs = CommandOptions.Whole("--inputs", "Input channels.", 1, 100_000);
        var outputs = CommandOptions.Whole("--outputs", "Output channels.", 1, 100_000);
        var groups = CommandOptions.Whole("--groups", "Channel groups; 1 if left out.", 1);
        var output = PictureFile.Option();
        var command = new Command("channels", "Draw which input channels each output channel sees.") { model, layer, spec, inputs, outputs, groups, output };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var (title, connections) = (parsed.GetValue(model), parsed.GetValue(spec)) switch
            {
                ({ }, { }) => throw new UsageException("--spec: a model is given too; leave out one of the two."),
                ({ } given, null) => OfLayer(TrainedModel.Describe(given).Network, parsed.GetValue(layer)),
                (null, { } file) => ("Channel connections", OfSpec(ConvolutionJson.Read(file), parsed.GetValue(inputs))),
                _ => ("Channel connections", OfNumbers(parsed.GetValue(inputs), parsed.GetValue(outputs), parsed.GetValue(groups) ?? 1)),
            };
            var path = PictureFile.Check(parsed.GetValue(output), "channels.svg", parsed.GetValue(model));
            ChannelsFigure.Write(path, title, connections);
            return PictureFile.Written(session, path);
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(model) is null && result.GetValue(layer) is not null) result.AddError("--layer: it names a layer of a model; give the model too.");
        });
        return command;
    }

    private static (string Title, OperatorGeometry Connections) OfLayer(NetworkDescription network, string? name)
    {
        var index = name is null
            ? network.Layers.ToList().FindIndex(layer => layer is Convolution or TransposedConvolution)
            : LayerChoice.IndexOf(network, name);
        if (index < 0) throw new InvalidOperationException($"{(network.Name.Length > 0 ? network.Name : "the model")} has no convolution whose channels could be drawn; give a model that has one.");
        var shape = network.InputShapes(index, 1)[0];
        return network.Layers[index] switch
        {
            Convolution convolution => ($"{convolution.Name}: channels", convolution.Operator.Resolve(shape[1], shape.From(2), convolution.Name)),
            TransposedConvolution transposed => ($"{transposed.Name}: channels of the forward operator", transposed.Operator.Resolve(transposed.OutputChannels, network.Shapes(1)[index].From(2), transposed.Name)),
            _ => throw new UsageException($"--layer: {name} is of kind {network.Layers[index].Kind}, which has no channel connections to draw; name a convolution."),
        };
    }

    private static OperatorGeometry OfSpec(ConvolutionDescription description, int? inputs)
    {
        var channels = inputs ?? description.Channels.ConnectionTable?.LeastInputs ?? throw new UsageException("--inputs: the operator's file does not say how many input channels there are; give their number.");
        return WithoutAxes(description.Outputs, description.Channels, channels);
    }

    private static OperatorGeometry OfNumbers(int? inputs, int? outputs, int groups) => WithoutAxes(
        outputs ?? throw new UsageException("--outputs: give the number of output channels (or a model, or --spec)."),
        ChannelConnections.Groups(groups),
        inputs ?? throw new UsageException("--inputs: give the number of input channels (or a model, or --spec)."));

    /// <summary>Channels are the same whatever the kernel, so it is a single element on a single position.</summary>
    private static OperatorGeometry WithoutAxes(int outputs, ChannelConnections channels, int inputs) =>
        new ConvolutionDescription { Kernel = [1], Outputs = outputs, Channels = channels, Bias = BiasSharing.None }.Resolve(inputs, [1], "channels");
}
