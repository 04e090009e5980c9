using Microsoft.ML.OnnxRuntime;

namespace Tessera.Bench.Contestants;

/// <summary>
/// ONNX Runtime on its own CPU kernels: a single Conv, or a whole network, over memory bound beforehand: nothing is copied in or out while the clock
/// runs. Forward alone: the runtime has no gradients. A table is run as a dense kernel with zeros.
/// </summary>
internal sealed class OnnxRuntimeSystem : ISystem
{
    public string Name => "ort";

    public string? Absence
    {
        get
        {
            try
            {
                OrtEnv.Instance();
                return null;
            }
            catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or TypeInitializationException)
            {
                return (exception.InnerException ?? exception).Message.Split('\n')[0];
            }
        }
    }

    public IContestant? Prepare(Workload workload) => workload switch
    {
        ConvolutionWorkload { Operation: Operation.Forward, Shape: { Unshared: false, Tile: null } } convolution => new Contestant(convolution),
        InferenceWorkload inference => new OnnxRuntimeInference(inference, inference.Subject.OnnxFile()),
        _ => null,
    };

    private sealed class Contestant : IContestant
    {
        private static readonly string[] InputNames = ["input"];
        private static readonly string[] OutputNames = ["output"];
        private readonly RunOptions runOptions = new();
        private readonly InferenceSession session;
        private readonly float[] output;
        private readonly OrtValue[] inputs;
        private readonly OrtValue[] outputs;

        public bool HasConstantKernel => true;

        public Contestant(ConvolutionWorkload workload)
        {
            var shape = workload.Shape;
            using var options = new SessionOptions
            {
                IntraOpNumThreads = workload.Threads,
                InterOpNumThreads = 1,
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            session = new InferenceSession(OnnxModelBytes.Convolution(shape, workload.DenseKernel()), options);
            output = new float[shape.OutputShape.Product];
            inputs = [OrtValue.CreateTensorValueFromMemory(workload.Input, shape.InputShape.ToLongs())];
            outputs = [OrtValue.CreateTensorValueFromMemory(output, shape.OutputShape.ToLongs())];
        }

        public void Run() => session.Run(runOptions, InputNames, inputs, OutputNames, outputs);

        public IReadOnlyList<float[]> Results() => [output];

        public void Dispose()
        {
            foreach (var value in inputs.Concat(outputs)) value.Dispose();
            session.Dispose();
            runOptions.Dispose();
        }
    }
}
