using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Reference;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels;

/// <summary>Holds algorithms, chosen or not, against the reference; in memory that holds not a number and between guards.</summary>
internal static unsafe class AlgorithmAgreement
{
    /// <summary>
    /// Fails where a result of any of the algorithms differs from the reference's by more than 16 ε · Σ|a||b|, or 64 ε times the largest
    /// of these sums where neighbours share their rounding errors; or its bits on the number of threads or on whether the kernel was packed before.
    /// </summary>
    /// <param name="sample">The operator and its numbers.</param>
    /// <param name="algorithms">The algorithms for an operation.</param>
    /// <param name="sharesRounding">Whether neighbours share their rounding errors, as in Winograd's algorithm.</param>
    public static void Check<T>(RandomOperator sample, Func<OperatorGeometry, Operation, IEnumerable<Algorithm<T>>> algorithms, bool sharesRounding = false)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var geometry = sample.Geometry;
        var epsilon = double.CreateChecked(T.BitIncrement(T.One) - T.One);
        foreach (var operation in Enum.GetValues<Operation>())
        {
            var accumulate = (sample.Seed & 1) != 0;
            var reference = new ReferenceAlgorithm<double>(geometry, sample.InputShape[0], operation);
            var expected = Run(reference, 1, geometry, operation, sample, accumulate, false);
            var magnitude = Run(reference, 1, geometry, operation, sample, accumulate, true);
            if (sharesRounding) Array.Fill(magnitude, 4 * magnitude.Max());
            foreach (var algorithm in algorithms(geometry, operation))
            {
                var actual = Run(algorithm, 1, geometry, operation, sample, accumulate, false);
                for (var i = 0; i < expected.Length; i++)
                {
                    var value = double.CreateChecked(actual[i]);
                    Assert.True(Math.Abs(value - expected[i]) <= 16 * epsilon * magnitude[i], $"{operation}, {typeof(T).Name}, {sample}\n{algorithm.Name}\nelement {i} is {value} instead of {expected[i]}");
                }

                var packed = Run(algorithm, 2, geometry, operation, sample, accumulate, false, packs: true);
                Assert.True(Guarded<T>.SameBits(actual, packed), $"{operation}, {sample}\n{algorithm.Name}\na packed kernel gives other bits");
                Assert.True(Guarded<T>.SameBits(actual, Run(algorithm, 3, geometry, operation, sample, accumulate, false)), $"{operation}, {sample}\n{algorithm.Name}\n3 threads differ from 1");
            }
        }
    }

    private static T[] Run<T>(Algorithm<T> algorithm, int threads, OperatorGeometry geometry, Operation operation, RandomOperator sample, bool accumulate, bool absolute, bool packs = false)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var workspace = new Workspace<T>(algorithm.SharedElements, algorithm.WorkerElements, threads);
        var input = Operand(sample.InputShape, 1, operation == Operation.InputGradient);
        var kernel = Operand(geometry.KernelShape, 2, operation == Operation.KernelGradient);
        var output = Operand([sample.InputShape[0], geometry.OutputChannels, .. geometry.OutputSize.AsSpan()], 3, operation == Operation.Forward);
        var packed = new Guarded<T>([(int)algorithm.PackedElements], Enumerable.Repeat(T.NaN, (int)algorithm.PackedElements).ToArray());
        fixed (T* v = input.Values, k = kernel.Values, z = output.Values, p = packed.Values)
        {
            workspace.Memory.Fill(T.NaN);
            packs &= algorithm.PackedElements > 0;
            if (packs) workspace.Pack(algorithm, k, p);
            workspace.Memory.Fill(T.NaN);
            workspace.Run(algorithm, new Operands<T>(v, packs ? null : k, null, z, accumulate, packs ? p : null));
        }

        packed.CheckGuards("packed kernel");

        input.CheckGuards("input");
        kernel.CheckGuards("kernel");
        output.CheckGuards("output");
        return (operation switch { Operation.Forward => output, Operation.KernelGradient => kernel, _ => input }).Values.ToArray();

        Guarded<T> Operand(Sizes shape, int key, bool isResult)
        {
            var values = sample.RandomValues<T>(shape.Product, isResult ? key + 4 : key);
            if (isResult && !accumulate) Array.Fill(values, T.NaN);
            if (absolute) for (var i = 0; i < values.Length; i++) values[i] = T.Abs(values[i]);
            return new Guarded<T>(shape, values);
        }
    }
}
