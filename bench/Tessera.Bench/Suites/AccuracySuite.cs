using Tessera.Operators;

namespace Tessera.Bench.Suites;

/// <summary>
/// What rounding does: results of everybody, computed in float, beside this library's in double on the same numbers, for the
/// shapes of the timed suites and each of the three operations.
/// </summary>
internal sealed class AccuracySuite : ISuite
{
    public string Name => SuiteNames.Accuracy;

    /// <summary>This library's bits do not depend on them.</summary>
    public bool DependsOnThreads => false;

    public void Run(Session session)
    {
        foreach (var suite in new[] { SuiteNames.Dense, SuiteNames.Channels, SuiteNames.Unshared, SuiteNames.Tiled })
        {
            var wanted =
                from shape in Workloads.Shapes
                where shape.Suite == suite
                from operation in new[] { Operation.Forward, Operation.KernelGradient, Operation.InputGradient }
                let workload = new ConvolutionWorkload(shape, operation, session.Machine.Threads) { Suite = SuiteNames.Accuracy }
                where session.Wants(workload)
                select workload;
            foreach (var workload in wanted) Compare(workload, session);
        }
    }

    private static void Compare(ConvolutionWorkload workload, Session session)
    {
        var expected = InDouble(workload);
        var contestants = session.Prepare(workload);
        try
        {
            var deviations = new List<(string Name, Deviation Deviation)>();
            foreach (var (name, contestant) in contestants)
            {
                contestant.Run();
                if (contestant.Results() is [var actual]) deviations.Add((name, Deviation.Of<double>(expected, actual)));
            }

            var (_, own) = deviations[0];
            foreach (var peer in deviations.Count == 1 ? [null] : deviations.Skip(1).Select(item => ((string Name, Deviation Deviation)?)item))
            {
                session.Report.Add("accuracy", [
                    .. workload.Columns(),
                    new("algorithm", null, 0, contestants[0].Contestant.Algorithm),
                    new(null, "algorithm", -40, contestants[0].Contestant.Algorithm?.Split(',', ';')[0]),
                    new("largestError", "largest", 9, own.Largest, "0.0e+0"),
                    new("rootMeanSquareError", "rms", 9, own.RootMeanSquare, "0.0e+0"),
                    new("peer", "peer", -16, peer?.Name),
                    new("peerLargestError", "peer largest", 12, peer?.Deviation.Largest, "0.0e+0"),
                    new("peerRootMeanSquareError", "peer rms", 9, peer?.Deviation.RootMeanSquare, "0.0e+0"),
                ]);
            }
        }
        finally
        {
            foreach (var (_, contestant) in contestants) contestant.Dispose();
        }
    }

    private static double[] InDouble(ConvolutionWorkload workload)
    {
        var plan = workload.Shape.Describe().Plan<double>(workload.Shape.InputShape, new PlanOptions { Threads = workload.Threads, Exact = true }, workload.Name);
        var (input, kernel, gradient) = (Wide(workload.Input), Wide(workload.Kernel), Wide(workload.OutputGradient));
        var result = new double[(workload.Operation switch
        {
            Operation.Forward => plan.OutputShape,
            Operation.KernelGradient => plan.KernelShape,
            _ => plan.InputShape,
        }).Product];
        nint[] inputLengths = plan.InputShape.ToLengths(), kernelLengths = plan.KernelShape.ToLengths(), outputLengths = plan.OutputShape.ToLengths();
        switch (workload.Operation)
        {
            case Operation.Forward:
                plan.Forward(new(input, inputLengths), new(kernel, kernelLengths), default, new(result, outputLengths));
                break;
            case Operation.KernelGradient:
                plan.KernelGradient(new(input, inputLengths), new(gradient, outputLengths), new(result, kernelLengths), default);
                break;
            default:
                plan.InputGradient(new(kernel, kernelLengths), new(gradient, outputLengths), new(result, inputLengths));
                break;
        }

        return result;
    }

    private static double[] Wide(float[] values) => Array.ConvertAll(values, value => (double)value);
}
