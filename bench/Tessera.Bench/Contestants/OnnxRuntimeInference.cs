using Microsoft.ML.OnnxRuntime;

namespace Tessera.Bench.Contestants;

/// <summary>A whole network run by ONNX Runtime, from a model file, all its optimisations on, the batch known beforehand.</summary>
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
        session = Open(workload, file, []);
        // Sizes that the model leaves open are given names there; with them known, the runtime plans as well as it can.
        var open = session.InputMetadata.Values.First();
        var sizes = workload.InputShape.Zip(open.SymbolicDimensions, static (size, name) => (Name: name, Size: size)).Where(static dimension => !string.IsNullOrEmpty(dimension.Name)).ToArray();
        if (sizes.Length > 0)
        {
            session.Dispose();
            session = Open(workload, file, sizes);
        }

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

    private static InferenceSession Open(InferenceWorkload workload, string file, IEnumerable<(string Name, int Size)> sizes)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = workload.Threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        foreach (var (name, size) in sizes) options.AddFreeDimensionOverrideByName(name, size);
        return new InferenceSession(file, options);
    }
}
