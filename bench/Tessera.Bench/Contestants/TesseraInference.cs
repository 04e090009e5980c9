using System.Globalization;
using Tessera.Execution;
using Tessera.Execution.Inference;

namespace Tessera.Bench.Contestants;

/// <summary>A whole network run by this library, made for inference.</summary>
internal sealed class TesseraInference : IContestant
{
    private readonly InferenceExecution<float> execution;
    private readonly float[] images;
    private readonly InferenceSubject subject;
    private readonly float[] output;

    public TesseraInference(InferenceWorkload workload, NetworkParameters<float> parameters)
    {
        execution = new InferenceExecution<float>(workload.Subject.Network, parameters, workload.Batch, new ExecutionOptions { Threads = workload.Threads });
        subject = workload.Subject;
        images = workload.Images();
        output = new float[execution.OutputShape.Product];
    }

    public long? WorkspaceBytes => execution.Memory.WorkspaceBytes;

    public void Run() => execution.Forward(images).CopyTo(output);

    public IReadOnlyList<float[]> Results() => [.. subject.Outputs.Select(Result)];

    /// <summary>Where the time goes: a line for each step, the median of some runs in milliseconds, and multiply-adds where there are any.</summary>
    public void WriteProfile(InferenceWorkload workload, TextWriter writer, Func<double> clock)
    {
        const int runs = 15;
        var times = new double[execution.Steps.Count][];
        for (var step = 0; step < times.Length; step++) times[step] = new double[runs];
        var seconds = new double[times.Length];
        for (var run = -5; run < runs; run++)
        {
            Array.Clear(seconds);
            execution.Profile(images, seconds, clock);
            for (var step = 0; run >= 0 && step < times.Length; step++) times[step][run] = seconds[step];
        }

        var work = Networks(workload);
        for (var step = 0; step < times.Length; step++)
        {
            Array.Sort(times[step]);
            var median = times[step][runs / 2];
            var gigaflops = execution.Steps[step].Layers.Sum(layer => work.GetValueOrDefault(layer)) * 2e-9 * workload.Batch / median;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{median * 1e3,8:f3} ms {gigaflops,7:f1} GFLOP/s  {execution.Steps[step]}"));
        }
    }

    public void Dispose()
    {
    }

    private float[] Result(string layer)
    {
        var activation = execution.Activation(layer);
        var result = new float[activation.FlattenedLength];
        activation.FlattenTo(result);
        return result;
    }

    private static Dictionary<string, long> Networks(InferenceWorkload workload) =>
        NetworkPlan.Of<float>(workload.Subject.Network, 1).Layers.ToDictionary(layer => layer.Name, layer => layer.MultiplyAdds);
}
