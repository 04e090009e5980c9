using System.CommandLine;
using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera plan</c>: everything about a model that follows from sizes, before any training.</summary>
internal static class PlanCommand
{
    private const string Examples =
        """
        For each layer and axis: the padding really used, the output size, and how many inputs are never read; weights, multiply-adds, memory
        and receptive field; then how far the network could go on, and what input sizes give a wanted output.

        Examples:
          tessera plan samples/lenet5.json
          tessera plan samples/figure-9-13-valid.json
          tessera plan model.json --output 7        (which input sizes give an output of 7 on every axis)
          tessera plan model.onnx --input-shape 3,224,224
          tessera plan model.json --strict          (exit code 1 where a stride leaves inputs unread)
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The model, a JSON file (or the folder that a training left, or an ONNX model).", HelpName = "MODEL" };
        var batch = CommandOptions.Whole("--batch", "The batch that memory is counted for; the model's own if left out.", 1);
        var output = CommandOptions.SizesOf("--output", "A wanted output size, one number for all axes or one per axis, such as 7 or 7,7.");
        var layer = new Option<string?>("--layer") { Description = "The layer whose output --output is about; the last with spatial axes if left out.", HelpName = "name" };
        var strict = new Option<bool>("--strict") { Description = "Fail where inputs are never read." };
        var threads = CommandOptions.Threads();
        var json = CommandOptions.Json();
        var command = new Command("plan", "Show every size, receptive field, cost and byte of a model before any training.") { model, batch, output, layer, strict, threads, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: false);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var description = TrainedModel.Describe(parsed.GetRequiredValue(model), onnx.Read(parsed));
            var network = description.Network;
            var plan = NetworkPlan.Of<float>(network, parsed.GetValue(batch) ?? description.Training.BatchSize, parsed.GetValue(threads) ?? description.Training.Threads);
            var wanted = parsed.GetValue(output) is { } sizes ? WantedOutput.Of(network, parsed.GetValue(layer), sizes) : null;
            var outlook = DepthOutlook.Of(network);
            if (parsed.GetValue(json)) PlanJson.Write(session.Output, plan, outlook, wanted);
            else PlanText.Write(session.Output, plan, outlook, wanted);

            var dropping = plan.Layers.Where(planned => planned.DropsInputs).Select(planned => planned.Name).ToArray();
            if (!parsed.GetValue(strict) || dropping.Length == 0) return Tool.Fine;
            session.Error.WriteLine($"{parsed.GetRequiredValue(model)}: {string.Join(", ", dropping)} never {(dropping.Length == 1 ? "reads" : "read")} some inputs; choose sizes, strides or padding that fit, or leave out --strict.");
            return Tool.Failed;
        });
        return command;
    }
}
