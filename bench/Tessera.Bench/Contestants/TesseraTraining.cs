using Tessera.Execution;
using Tessera.Networks;
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
        var network = workload.Description;
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
}
