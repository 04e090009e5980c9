using Microsoft.ML.OnnxRuntime;

namespace Tessera.Bench.Contestants;

/// <summary>A whole network run by ONNX Runtime, from a model file, all its optimisations on, the batch known beforehand.</summary>
internal sealed class OnnxRuntimeInference : IContestant
{
    private readonly string[] inputNames;
    private readonly string[] outputNames;
    private readonly RunOptions runOptions = new();
    private readonly InferenceSession session;
    private readonly float[] output;
    private readonly OrtValue[] inputs;
    private readonly OrtValue[] outputs;

    public OnnxRuntimeInference(InferenceWorkload workload)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = workload.Threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddFreeDimensionOverrideByName(OnnxNetworkFile.BatchSymbol, workload.Batch);
        session = new InferenceSession(workload.Subject.OnnxFile(), options);
        (inputNames, outputNames) = ([.. session.InputNames], [.. session.OutputNames]);
        output = new float[workload.OutputShape.Product];
        inputs = [OrtValue.CreateTensorValueFromMemory(workload.Images(), workload.InputShape.ToLongs())];
        outputs = [OrtValue.CreateTensorValueFromMemory(output, workload.OutputShape.ToLongs())];
    }

    public void Run() => session.Run(runOptions, inputNames, inputs, outputNames, outputs);

    public IReadOnlyList<float[]> Results() => [output];

    public void Dispose()
    {
        foreach (var value in inputs.Concat(outputs)) value.Dispose();
        session.Dispose();
        runOptions.Dispose();
    }
}
