using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Tessera.Bench.Contestants;

/// <summary>Training steps of PyTorch's own modules; unshared convolutions by unfold and a batched matrix product.</summary>
internal sealed class TorchTraining : IContestant
{
    private readonly Sequential network;
    private readonly optim.Optimizer optimiser;
    private readonly CrossEntropyLoss loss = CrossEntropyLoss();
    private readonly Tensor images;
    private readonly Tensor labels;

    public TorchTraining(TrainingWorkload workload)
    {
        set_num_threads(workload.Threads);
        network = Network(workload.Network);
        network.train();
        optimiser = workload.Network == TrainingNetwork.Cifar
            ? optim.SGD(network.parameters(), 0.01, momentum: 0.9)
            : optim.Adam(network.parameters(), 0.001);
        images = tensor(workload.Images(), [workload.Batch, .. workload.Image.ToLongs()]);
        labels = tensor(workload.Labels(), ScalarType.Int64);
    }

    public void Run()
    {
        using var scope = NewDisposeScope();
        optimiser.zero_grad();
        loss.call(network.call(images), labels).backward();
        optimiser.step();
    }

    public void Dispose()
    {
        optimiser.Dispose();
        network.Dispose();
        loss.Dispose();
        images.Dispose();
        labels.Dispose();
    }

    private static Sequential Network(TrainingNetwork network) => network switch
    {
        TrainingNetwork.Mnist => Digits(Conv2d(1, 32, 3), Conv2d(32, 64, 3)),
        TrainingNetwork.Local => Digits(new Unshared(1, 32, 26), new Unshared(32, 64, 24)),
        _ => Sequential([.. Block(3, 64), .. Block(64, 128), .. Block(128, 256), Flatten(), Linear(256 * 4 * 4, TrainingWorkload.Classes)]),
    };

    private static Sequential Digits(Module<Tensor, Tensor> first, Module<Tensor, Tensor> second) => Sequential(
        first, ReLU(), second, ReLU(), MaxPool2d(2), Flatten(), Linear(64 * 12 * 12, 128), ReLU(), Linear(128, TrainingWorkload.Classes));

    private static IEnumerable<Module<Tensor, Tensor>> Block(int inputs, int outputs) =>
    [
        Conv2d(inputs, outputs, 3, padding: 1), BatchNorm2d(outputs), ReLU(),
        Conv2d(outputs, outputs, 3, padding: 1), BatchNorm2d(outputs), ReLU(),
        MaxPool2d(2),
    ];

    /// <summary>A valid 3×3 convolution with a kernel and a bias for each of output² positions.</summary>
    private sealed class Unshared : Module<Tensor, Tensor>
    {
        private readonly int outputs;
        private readonly int size;
        private readonly Parameter weight;
        private readonly Parameter bias;

        public Unshared(int inputs, int outputs, int size)
            : base(nameof(Unshared))
        {
            this.outputs = outputs;
            this.size = size;
            weight = Parameter(randn(size * size, inputs * 9, outputs) * Math.Sqrt(2.0 / (inputs * 9)));
            bias = Parameter(zeros(size * size, 1, outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var columns = functional.unfold(input, 3).permute(2, 0, 1);
            return (bmm(columns, weight) + bias).permute(1, 2, 0).reshape(-1, outputs, size, size);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                weight.Dispose();
                bias.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
