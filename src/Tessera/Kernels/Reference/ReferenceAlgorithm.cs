using System.Numerics;
using Tessera.Connections;

namespace Tessera.Kernels.Reference;

/// <summary>The reference as an algorithm that a plan can run: copies to double, computes, and rounds once.</summary>
internal sealed unsafe class ReferenceAlgorithm<T>(OperatorGeometry geometry, int batch, Operation operation) : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override string Name => "reference, in double";

    public override IReadOnlyList<int> Stages { get; } = [1];

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var inputs = checked((int)(batch * geometry.InputChannels * geometry.InputSize.Product));
        var kernels = checked((int)geometry.KernelShape.Product);
        var outputs = checked((int)(batch * geometry.OutputChannels * geometry.OutputSize.Product));
        switch (operation)
        {
            case Operation.Forward:
                var z = Result(operands.Output, outputs, operands.Accumulate);
                ReferenceConvolution.Forward(geometry, batch, Read(operands.Input, inputs), Read(operands.Kernel, kernels), z);
                Write(z, operands.Output);
                break;
            case Operation.KernelGradient:
                var dk = Result(operands.Kernel, kernels, operands.Accumulate);
                ReferenceConvolution.KernelGradient(geometry, batch, Read(operands.Input, inputs), Read(operands.Output, outputs), dk);
                Write(dk, operands.Kernel);
                break;
            default:
                var dv = Result(operands.Input, inputs, operands.Accumulate);
                ReferenceConvolution.InputGradient(geometry, batch, Read(operands.Kernel, kernels), Read(operands.Output, outputs), dv);
                Write(dv, operands.Input);
                break;
        }
    }

    private static double[] Result(T* values, int count, bool accumulate) => accumulate ? Read(values, count) : new double[count];

    private static double[] Read(T* values, int count)
    {
        var copy = new double[count];
        for (var i = 0; i < count; i++) copy[i] = double.CreateTruncating(values[i]);
        return copy;
    }

    private static void Write(double[] from, T* to)
    {
        for (var i = 0; i < from.Length; i++) to[i] = T.CreateTruncating(from[i]);
    }
}
