using System.CommandLine;
using System.Numerics;
using Tessera.Files;
using Tessera.Operators;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera apply</c>: one operation of one operator on NumPy files, to hold it against another system.</summary>
internal static class ApplyCommand
{
    private const string Remarks =
        """
        The operator is a JSON file; what is left out is stride 1, dilation 1, valid, dense, shared:
          { "kernel": [3, 3], "outputs": 8, "stride": [2, 1], "dilation": [1, 1],
            "padding": "valid" | "same" | "same-lower" | "full" | [[1, 1], [0, 2]],
            "channels": "dense" | { "groups": 2 } | { "table": [[0, 1], [1, 2], [0, 2]] },
            "sharing": "shared" | "unshared" | { "tile": [2, 3] } }
        Files are float32 or float64, all of one type. Shapes, with batch N, channels C and M, tile t, kernel k, input i, output o:
          input [N, C, i...]   kernel [t..., M, C/g, k...], without t... when shared, [t..., P, k...] for a table of P pairs
          bias [t..., M] or [M]   output and its gradient [N, M, o...]

        Examples:
          tessera apply forward --spec spec.json --input v.npy --kernel k.npy --bias b.npy --out z.npy
          tessera apply kernel-gradient --spec spec.json --input v.npy --grad g.npy --out dk.npy --bias-out db.npy
          tessera apply input-gradient --spec spec.json --kernel k.npy --grad g.npy --input-size 28,28 --out dv.npy
          tessera apply matrix --spec spec.json --kernel k.npy --input-size 28,28 --out a.npz
        """;

    /// <summary>The command with its four operations.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("apply", "Run one operation of one operator on NumPy files.")
        {
            Forward(session),
            KernelGradient(session),
            InputGradient(session),
            Matrix(session),
        };
        HelpWithExamples.Set(command, Remarks);
        return command;
    }

    private static Command Forward(Session session)
    {
        Option<string> input = File("--input", "The input V [N, C, i...], a .npy file."), kernel = KernelFile(), output = File("--out", "Where to write the output Z [N, M, o...], a .npy file.");
        var bias = File("--bias", "The bias b, shaped as the kernel is shared or one per channel, a .npy file.", required: false);
        return Operation("forward", "Z = b + A(K) V.", [input, kernel, bias, output], session, run =>
        {
            run.WillWrite(output);
            NpyArray v = run.Read(input), k = run.Read(kernel);
            var b = run.ReadOptional(bias);
            if (run.IsDouble(v, k, b)) FileOperation<double>.Forward(run, v, k, b, run.Path(output));
            else FileOperation<float>.Forward(run, v, k, b, run.Path(output));
        });
    }

    private static Command KernelGradient(Session session)
    {
        Option<string> input = File("--input", "The input V [N, C, i...], a .npy file."), grad = GradientFile(), output = File("--out", "Where to write the kernel's gradient, a .npy file.");
        var biasOutput = File("--bias-out", "Where to write the bias's gradient, a .npy file.", required: false);
        return Operation("kernel-gradient", "dK, the gradient of the kernel, and db, that of the bias.", [input, grad, output, biasOutput], session, run =>
        {
            run.WillWrite(output);
            run.WillWrite(biasOutput);
            NpyArray v = run.Read(input), g = run.Read(grad);
            if (run.IsDouble(v, g)) FileOperation<double>.KernelGradient(run, v, g, run.Path(output), run.OptionalPath(biasOutput));
            else FileOperation<float>.KernelGradient(run, v, g, run.Path(output), run.OptionalPath(biasOutput));
        });
    }

    private static Command InputGradient(Session session)
    {
        Option<string> kernel = KernelFile(), grad = GradientFile(), output = File("--out", "Where to write the input's gradient, a .npy file.");
        return Operation("input-gradient", "dV = A(K)ᵀ G, the transpose, told the original input size.", [kernel, grad, output], session, run =>
        {
            run.WillWrite(output);
            NpyArray k = run.Read(kernel), g = run.Read(grad);
            if (run.IsDouble(k, g)) FileOperation<double>.InputGradient(run, k, g, run.Path(output));
            else FileOperation<float>.InputGradient(run, k, g, run.Path(output));
        }, toldInputSize: true);
    }

    private static Command Matrix(Session session)
    {
        Option<string> kernel = KernelFile(), output = File("--out", "Where to write the matrix, a .npz file in the layout of scipy.sparse.save_npz.");
        return Operation("matrix", "A(K), the operator as a sparse matrix of M·∏o rows and C·∏i columns.", [kernel, output], session, run =>
        {
            run.WillWrite(output);
            var k = run.Read(kernel);
            if (run.IsDouble(k)) FileOperation<double>.Matrix(run, k, run.Path(output));
            else FileOperation<float>.Matrix(run, k, run.Path(output));
        }, toldInputSize: true);
    }

    private static Command Operation(string name, string description, Option<string>[] files, Session session, Action<ApplyRun> work, bool toldInputSize = false)
    {
        var spec = File("--spec", "The operator, a JSON file.");
        var inputSize = CommandOptions.SizesOf("--input-size", "The original input size, one number per spatial axis, such as 28,28.");
        inputSize.Required = toldInputSize;
        var inputChannels = CommandOptions.Whole("--input-channels", "The input channels, where the kernel does not tell: depthwise, or a table that leaves the last ones unseen.", 1);
        var threads = CommandOptions.Threads();
        var reference = new Option<bool>("--reference") { Description = "Run the slow reference kernels, which follow the equations word for word." };
        var portable = new Option<bool>("--portable") { Description = "Use no vector instructions beyond what every .NET platform has." };
        var command = new Command(name, description) { spec };
        foreach (var file in files) command.Add(file);
        if (toldInputSize)
        {
            command.Add(inputSize);
            command.Add(inputChannels);
        }

        command.Add(threads);
        command.Add(reference);
        command.Add(portable);
        command.SetAction(parsed =>
        {
            var options = new PlanOptions
            {
                Threads = parsed.GetValue(threads) ?? 0,
                // Files are there to be held against other systems: no rounding but that of the equations' own sums.
                Exact = true,
                UseReference = parsed.GetValue(reference),
                Instructions = parsed.GetValue(portable) ? InstructionSet.Portable : InstructionSet.Best,
            };
            var description = ConvolutionJson.Read(parsed.GetRequiredValue(spec));
            work(new ApplyRun(
                parsed,
                description,
                options,
                toldInputSize ? parsed.GetValue(inputSize) ?? Sizes.Empty : Sizes.Empty,
                toldInputSize ? parsed.GetValue(inputChannels) : null));
            return Tool.Fine;
        });
        HelpWithExamples.Set(command, Remarks);
        return command;
    }

    private static Option<string> KernelFile() => File("--kernel", "The kernel K [t..., M, C/g, k...], without t... when shared, a .npy file.");

    private static Option<string> GradientFile() => File("--grad", "The gradient G of the output [N, M, o...], a .npy file.");

    private static Option<string> File(string name, string description, bool required = true) => new(name) { Description = description, HelpName = "file", Required = required };
}
