using TorchSharp;
using static TorchSharp.torch;

namespace Tessera.Bench.Contestants;

/// <summary>What a program around TorchSharp does until its first small convolution is there: a process of its own, to be timed as a whole beside <c>tessera apply</c>.</summary>
internal static class TorchStart
{
    /// <summary>The one argument that asks for it.</summary>
    public const string Argument = "torch-start";

    /// <summary>8 kernels of 3×3 over 3×16×16, as in docs/aot.md; the exit code.</summary>
    public static int Run()
    {
        if (TorchLibrary.Absence is { } reason)
        {
            Console.Error.WriteLine(reason);
            return 1;
        }

        using var input = rand(1, 3, 16, 16);
        using var kernel = rand(8, 3, 3, 3);
        using var output = nn.functional.conv2d(input, kernel, padding: [1, 1]);
        return output.shape is [1, 8, 16, 16] ? 0 : 1;
    }
}
