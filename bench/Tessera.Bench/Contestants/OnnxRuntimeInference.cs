using Microsoft.ML.OnnxRuntime;

namespace Tessera.Bench.Contestants;

/// <summary>A whole network run by ONNX Runtime, from a model file, all its optimisations on, open sizes known beforehand.</summary>
internal sealed class OnnxRuntimeInference : IContestant
{
    private readonly string[] inputNames;
    private readonly string[] outputNames;
    private readonly RunOptions runOptions = new();
    private readonly InferenceSession session;
    private readonly float[][] results;
    private readonly OrtValue[] inputs;
    private readonly OrtValue[] outputs;

    public OnnxRuntimeInference(InferenceWorkload workload, string file)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = workload.Threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        foreach (var (name, size) in workload.Subject.OpenSizes.Zip(workload.InputShape))
        {
            if (name.Length > 0) options.AddFreeDimensionOverrideByName(name, size);
        }

        session = new InferenceSession(file, options);
        (inputNames, outputNames) = ([.. session.InputNames], [.. session.OutputNames]);
        var shapes = workload.Subject.OutputShapes(workload.Batch);
        results = [.. shapes.Select(static shape => new float[shape.Product])];
        inputs = [OrtValue.CreateTensorValueFromMemory(workload.Images(), workload.InputShape.ToLongs())];
        outputs = [.. shapes.Select((shape, place) => OrtValue.CreateTensorValueFromMemory(results[place], shape.ToLongs()))];
    }

    public void Run() => session.Run(runOptions, inputNames, inputs, outputNames, outputs);

    public IReadOnlyList<float[]> Results() => results;

    public void Dispose()
    {
        foreach (var value in inputs.Concat(outputs)) value.Dispose();
        session.Dispose();
        runOptions.Dispose();
    }
}
