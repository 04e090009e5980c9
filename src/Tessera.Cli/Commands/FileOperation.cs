using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Files;
using Tessera.Operators;

namespace Tessera.Cli.Commands;

/// <summary>The four operations of <c>tessera apply</c> in one precision: check shapes, plan, run, write.</summary>
internal static class FileOperation<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Z = b + A(K) V.</summary>
    public static void Forward(ApplyRun run, NpyArray input, NpyArray kernel, NpyArray? bias, string output)
    {
        var description = run.Description;
        if (bias is null) description = description with { Bias = BiasSharing.None };
        else if (description.Bias == BiasSharing.None) throw new UsageException("--bias: the operator's file says \"bias\": false; leave out one of the two.");
        else if (bias.Shape.Count == 1) description = description with { Bias = BiasSharing.PerChannel };

        var plan = description.Plan<T>(input.Shape, run.Options, "apply forward");
        Expect("--kernel", kernel.Shape, plan.KernelShape);
        if (bias is not null) Expect("--bias", bias.Shape, plan.BiasShape, $" (or [{description.Outputs}], one per channel)");
        Machine.CheckMemory("apply forward", plan.OutputShape.Product, Size);
        var result = Tensor.CreateFromShape<T>(plan.OutputShape.ToLengths());
        plan.Forward(input.ToTensor<T>(), kernel.ToTensor<T>(), bias is null ? default : bias.ToTensor<T>().AsReadOnlyTensorSpan(), result);
        NpyFile.Write<T>(output, result);
    }

    /// <summary>dK and, where wanted, db.</summary>
    public static void KernelGradient(ApplyRun run, NpyArray input, NpyArray gradient, string output, string? biasOutput)
    {
        var description = run.Description;
        if (biasOutput is null) description = description with { Bias = BiasSharing.None };
        else if (description.Bias == BiasSharing.None) throw new UsageException("--bias-out: the operator's file says \"bias\": false; leave out one of the two.");

        var plan = description.Plan<T>(input.Shape, run.Options, "apply kernel-gradient");
        Expect("--grad", gradient.Shape, plan.OutputShape);
        Machine.CheckMemory("apply kernel-gradient", plan.KernelShape.Product, Size);
        var kernelGradient = Tensor.CreateFromShape<T>(plan.KernelShape.ToLengths());
        if (biasOutput is null)
        {
            plan.KernelGradient(input.ToTensor<T>(), gradient.ToTensor<T>(), kernelGradient, default);
        }
        else
        {
            var biasGradient = Tensor.CreateFromShape<T>(plan.BiasShape.ToLengths());
            plan.KernelGradient(input.ToTensor<T>(), gradient.ToTensor<T>(), kernelGradient, biasGradient);
            NpyFile.Write<T>(biasOutput, biasGradient);
        }

        NpyFile.Write<T>(output, kernelGradient);
    }

    /// <summary>dV = A(K)ᵀ G.</summary>
    public static void InputGradient(ApplyRun run, NpyArray kernel, NpyArray gradient, string output)
    {
        var channels = InputChannels(run, kernel.Shape);
        var plan = (run.Description with { Bias = BiasSharing.None }).PlanTranspose<T>(gradient.Shape, channels, run.InputSize, run.Options, "apply input-gradient");
        Expect("--kernel", kernel.Shape, plan.KernelShape);
        Expect("--grad", gradient.Shape, plan.OutputShape);
        Machine.CheckMemory("apply input-gradient", plan.InputShape.Product, Size);
        var result = Tensor.CreateFromShape<T>(plan.InputShape.ToLengths());
        plan.InputGradient(kernel.ToTensor<T>(), gradient.ToTensor<T>(), result);
        NpyFile.Write<T>(output, result);
    }

    /// <summary>A(K) in compressed sparse rows.</summary>
    public static void Matrix(ApplyRun run, NpyArray kernel, string output)
    {
        Sizes inputShape = [1, InputChannels(run, kernel.Shape), .. run.InputSize.AsSpan()];
        var plan = (run.Description with { Bias = BiasSharing.None }).Plan<T>(inputShape, run.Options, "apply matrix");
        Expect("--kernel", kernel.Shape, plan.KernelShape);

        // While it is made, the matrix stands beside the list of its places.
        Machine.CheckMemory("apply matrix", plan.Geometry.MultiplyAdds, 2 * (Size + sizeof(int)) + 32);
        var matrix = plan.ToMatrix(kernel.ToTensor<T>());
        NpzFile.WriteSparseRows<int, T>(output, matrix.RowCount, matrix.ColumnCount, [.. matrix.RowStarts], [.. matrix.Columns], [.. matrix.Values]);
    }

    private static int Size => System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

    /// <summary>The input channels, which the transpose and the matrix have no input file to read from.</summary>
    private static int InputChannels(ApplyRun run, Sizes kernel)
    {
        var channels = run.Description.Channels;
        if (run.InputChannels is { } told) return told;
        if (channels.ConnectionTable is { } table) return table.LeastInputs;
        if (channels.GroupCount == 0)
        {
            throw new UsageException("--input-channels: a depthwise kernel does not say how many input channels there are; give their number.");
        }

        var axis = run.Description.Sharing.IsShared ? 1 : run.Description.Rank + 1;
        var wanted = run.Description.Rank + axis + 1;
        if (kernel.Count != wanted)
        {
            throw new InvalidDataException($"--kernel: its shape {Text(kernel)} has {kernel.Count} axes, but {wanted} are needed for a kernel {run.Description.Kernel}, {run.Description.Sharing}, {channels}.");
        }

        return checked(kernel[axis] * channels.GroupCount);
    }

    private static void Expect(string option, Sizes given, Sizes wanted, string orElse = "")
    {
        if (given != wanted) throw new InvalidDataException($"{option}: its shape is {Text(given)}, but the operator takes {Text(wanted)}{orElse} here.");
    }

    private static string Text(Sizes sizes) => $"[{string.Join(", ", sizes)}]";
}
