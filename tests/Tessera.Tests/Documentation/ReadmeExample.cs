using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Tests.Documentation;

/// <summary>The examples of the README, word for word; <see cref="ReadmeTests"/> compares and runs them.</summary>
internal static class ReadmeExample
{
    public static void Train(string folder, string file)
    {
        // example
        var data = NamedDatasets.Read(folder);                              // a folder of IDX files, such as MNIST's
        var network = new NetworkDescription("digits", [1, 28, 28],
        [
            new Convolution(new() { Kernel = [5, 5], Outputs = 16, Padding = Padding.Same }),
            new Relu(),
            new MaxPool { Window = [2, 2] },
            new Convolution(new() { Kernel = [3, 3], Outputs = 32, Sharing = Sharing.Tiled([2, 2]) }),
            new Relu(),
            new Flatten(),
            new Dense(10),
        ]);
        var training = new TrainingDescription { Epochs = 5, BatchSize = 50, Optimiser = new Adam { LearningRate = 0.001 }, Seed = 1 };
        var trainer = new Trainer<float>(network, training, data.Training, new TrainerOptions { Validation = data.Test });
        var result = trainer.Run();
        Console.WriteLine($"{result.Epochs[^1].ValidationAccuracy:P2} of the test images right");
        trainer.Save(file);
        // /example
    }

    public static void Operate()
    {
        // operator
        var description = new ConvolutionDescription { Kernel = [3, 3], Outputs = 8, Stride = [2, 2], Padding = Padding.Same, Sharing = Sharing.Unshared };
        var plan = description.Plan<float>([4, 3, 28, 28]);                 // checks everything, chooses the kernels
        var input = Tensor.CreateFromShape<float>(plan.InputShape.ToLengths());
        var kernel = Tensor.CreateFromShape<float>(plan.KernelShape.ToLengths());
        var output = Tensor.CreateFromShape<float>(plan.OutputShape.ToLengths());
        plan.Forward(input, kernel, default, output);                       // Z = A(K) V
        plan.KernelGradient(input, output, kernel, default);                // dK = g(G, V)
        plan.InputGradient(kernel, output, input);                          // dV = A(K)ᵀ G
        // /operator
    }
}
