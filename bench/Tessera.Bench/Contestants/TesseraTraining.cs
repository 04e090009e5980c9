using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Bench.Contestants;

/// <summary>Training steps of this library: what its trainer does with one batch, without the loading of data.</summary>
internal sealed class TesseraTraining : IContestant
{
    private readonly FlatExecution<float> execution;
    private readonly OptimiserState<float> optimiser;
    private readonly CrossEntropy loss = new();
    private readonly double rate;
    private readonly float[] images;
    private readonly int[] labels;

    public TesseraTraining(TrainingWorkload workload)
    {
        var network = new NetworkDescription(workload.Name, workload.Image, Layers(workload.Network));
        var parameters = NetworkParameters<float>.Create(network, seed: 1);
        execution = new FlatExecution<float>(new NetworkExecution<float>(network, parameters, workload.Batch, new ExecutionOptions { Training = true, Threads = workload.Threads }));
        Optimiser description = workload.Network == TrainingNetwork.Cifar ? new Sgd { LearningRate = 0.01, Momentum = 0.9 } : new Adam { LearningRate = 0.001 };
        rate = description.LearningRate;
        optimiser = new OptimiserState<float>(description, parameters, workload.Threads);
        images = workload.Images();
        labels = workload.Labels();
    }

    public long? WorkspaceBytes => execution.Network.Memory.WorkspaceBytes;

    public void Run()
    {
        var output = execution.Forward(images);
        loss.Evaluate(execution.Network.OutputShape, output, labels, execution.OutputGradient);
        execution.Backward();
        optimiser.Step(execution.Network.Gradients, rate);
    }

    public void Dispose()
    {
    }

    private static IReadOnlyList<Layer> Layers(TrainingNetwork network) => network switch
    {
        TrainingNetwork.Mnist => Digits(Sharing.Shared),
        TrainingNetwork.Local => Digits(Sharing.Unshared),
        _ => [.. Block(64), .. Block(128), .. Block(256), new Flatten(), new Dense(TrainingWorkload.Classes)],
    };

    private static IReadOnlyList<Layer> Digits(Sharing sharing) =>
    [
        Convolution(32, Padding.Valid, sharing), new Relu(),
        Convolution(64, Padding.Valid, sharing), new Relu(),
        new MaxPool { Window = [2, 2] }, new Flatten(), new Dense(128), new Relu(), new Dense(TrainingWorkload.Classes),
    ];

    private static IEnumerable<Layer> Block(int outputs) =>
    [
        Convolution(outputs, Padding.Same, Sharing.Shared), new BatchNormalisation(), new Relu(),
        Convolution(outputs, Padding.Same, Sharing.Shared), new BatchNormalisation(), new Relu(),
        new MaxPool { Window = [2, 2] },
    ];

    private static Convolution Convolution(int outputs, Padding padding, Sharing sharing) =>
        new(new ConvolutionDescription { Kernel = [3, 3], Outputs = outputs, Padding = padding, Sharing = sharing });
}
