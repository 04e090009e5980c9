using System.CommandLine;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Training;

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
          tessera plan samples/belief-net.json      (machines and dictionaries, too)
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
            var given = parsed.GetRequiredValue(model);
            var told = TrainedModel.Reconstruction(given)?.Plan<float>(parsed.GetValue(batch), parsed.GetValue(threads));
            var plan = told is null ? Of(TrainedModel.Describe(given, onnx.Read(parsed)), parsed.GetValue(batch), parsed.GetValue(threads)) : null;
            var network = told?.Encoder ?? plan!.Network;
            var wanted = parsed.GetValue(output) is { } sizes ? WantedOutput.Of(network, parsed.GetValue(layer), sizes) : null;
            var outlook = DepthOutlook.Of(network);
            switch (parsed.GetValue(json), told)
            {
                case (true, null): PlanJson.Write(session.Output, plan!, outlook, wanted); break;
                case (true, _): PlanJson.Write(session.Output, told, outlook, wanted); break;
                case (false, null): PlanText.Write(session.Output, plan!, outlook, wanted); break;
                default: PlanText.Write(session.Output, told!, outlook, wanted); break;
            }

            var dropping = (told?.Layers ?? plan!.Layers).Where(planned => planned.DropsInputs).Select(planned => planned.Name).ToArray();
            if (!parsed.GetValue(strict) || dropping.Length == 0) return Tool.Fine;
            session.Error.WriteLine($"{given}: {string.Join(", ", dropping)} never {(dropping.Length == 1 ? "reads" : "read")} some inputs; choose sizes, strides or padding that fit, or leave out --strict.");
            return Tool.Failed;
        });
        return command;
    }

    private static NetworkPlan Of(ModelDescription model, int? batch, int? threads) =>
        NetworkPlan.Of<float>(model.Network, batch ?? model.Training.BatchSize, threads ?? model.Training.Threads);
}
