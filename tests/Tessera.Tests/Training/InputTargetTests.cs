using Tessera.Connections;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

/// <summary>Training towards the input, with tied weights, noise and penalties.</summary>
public class InputTargetTests
{
    private static readonly TrainingDescription Reconstruction = new()
    {
        Epochs = 2,
        BatchSize = 16,
        Loss = new MeanSquaredError(),
        Target = TrainingTarget.Input,
        Optimiser = new Adam { LearningRate = 0.01, WeightDecay = 0.01 },
        Seed = 5,
        Threads = 1,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Labelled_samples_train_to_the_same_bits_as_samples_that_are_their_own_targets()
    {
        var labelled = Images(50);
        var pixels = new float[50 * 64];
        for (var n = 0; n < 50; n++) labelled.Read(n, pixels.AsSpan(n * 64, 64));
        var own = Dataset.Create(pixels, [1, 8, 8], pixels, [1, 8, 8]);
        var towards = new Trainer<float>(Autoencoder(), Reconstruction, labelled, new TrainerOptions { Validation = labelled });
        var given = new Trainer<float>(Autoencoder(), Reconstruction with { Target = TrainingTarget.Given }, own, new TrainerOptions { Validation = own });
        var (one, other) = (towards.Run(cancellation: Token), given.Run(cancellation: Token));
        Assert.Equal(given.All(), towards.All());
        Assert.Equal(other.Epochs.Select(epoch => (epoch.Loss, epoch.ValidationLoss)), one.Epochs.Select(epoch => (epoch.Loss, epoch.ValidationLoss)));
        Assert.All(one.Epochs, epoch => Assert.True(epoch.Accuracy is null && epoch.ValidationAccuracy is null));
        var evaluation = new Evaluator<float>(Autoencoder(), towards.Parameters, Reconstruction.Loss, 7) { Target = TrainingTarget.Input }.Evaluate(labelled, Token);
        Assert.Equal(one.Epochs[^1].ValidationLoss!.Value, evaluation.Loss, 1e-6);
        Assert.Null(evaluation.Accuracy);
        Assert.Null(evaluation.Confusion);
    }

    [Fact]
    public void An_autoencoder_learns_to_give_back_what_it_was_given()
    {
        foreach (var loss in new Loss[] { new MeanSquaredError(), new BinaryCrossEntropy() })
        {
            var trainer = new Trainer<float>(Autoencoder(new Sigmoid()), Reconstruction with { Epochs = 30, Loss = loss, Optimiser = new Adam { LearningRate = 0.02 } }, Images(96));
            var result = trainer.Run(cancellation: Token);
            Assert.True(result.Epochs[^1].Loss < 0.5 * result.Epochs[0].Loss, $"{loss.Name}: {result.Epochs[0].Loss} to {result.Epochs[^1].Loss}");
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_on_one_and_on_three_threads()
    {
        var results = new[] { 1, 3 }.Select(threads =>
        {
            var trainer = new Trainer<float>(Everything(), Reconstruction with { Threads = threads, BatchSize = 48 }, Images(96));
            var result = trainer.Run(cancellation: Token);
            return (All: trainer.All(), Losses: result.Epochs.Select(epoch => epoch.Loss).ToArray());
        }).ToArray();
        Assert.Equal(results[0].All, results[1].All);
        Assert.Equal(results[0].Losses, results[1].Losses);
    }

    [Fact]
    public void A_training_with_tied_weights_is_saved_and_goes_on_to_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        var path = folder["model.safetensors"];
        var straight = new Trainer<float>(Everything(), Reconstruction with { Epochs = 4 }, Images(50));
        straight.Run(cancellation: Token);
        var first = new Trainer<float>(Everything(), Reconstruction with { Epochs = 2 }, Images(50));
        first.Run(cancellation: Token);
        first.Save(path);
        Assert.Equal(first.All(), Checkpoint.Open(path).ReadParameters<float>().SelectMany(parameter => parameter.Span.ToArray()));
        var second = new Trainer<float>(Everything(), Reconstruction with { Epochs = 4 }, Images(50));
        second.Resume(path);
        second.Run(cancellation: Token);
        Assert.Equal(straight.All(), second.All());

        var otherwise = new Trainer<float>(Everything(), Reconstruction with { Epochs = 4, Target = TrainingTarget.Given }, Dataset.Create(new float[50 * 64], [1, 8, 8], new float[50 * 64], [1, 8, 8]));
        Assert.Contains("its training has the target Input, but the one to resume has Given", Assert.Throws<InvalidDataException>(() => otherwise.Resume(path)).Message);
    }

    [Fact]
    public void A_shared_kernel_is_changed_and_decayed_once()
    {
        var data = Images(16);
        var network = Autoencoder();
        var training = Reconstruction with { Epochs = 1, Optimiser = new Sgd { LearningRate = 0.5, WeightDecay = 0.1 } };
        var before = NetworkParameters<double>.Create(network, training.Seed);
        var execution = new NetworkExecution<double>(network, before, 16, new() { Training = true, Threads = 1 });
        var pixels = Enumerable.Range(0, 16).SelectMany(n =>
        {
            var sample = new float[64];
            data.Read(n, sample);
            return sample.Select(value => (double)value);
        }).ToArray();
        var gradient = new double[pixels.Length];
        training.Loss.Evaluate<double>(execution.OutputShape, execution.Forward(pixels), pixels, gradient);
        execution.Backward((ReadOnlySpan<double>)gradient);

        var trainer = new Trainer<double>(network, training, data);
        trainer.Run(cancellation: Token);
        var (start, slope, end) = (before["code.kernel"].Span.ToArray(), execution.Gradients[0].Span.ToArray(), trainer.Parameters["code.kernel"].Span.ToArray());
        for (var i = 0; i < end.Length; i++) Assert.Equal(start[i] - (0.5 * (slope[i] + (0.1 * start[i]))), end[i], 1e-12);
    }

    [Fact]
    public void The_training_loss_has_the_penalties_and_the_noise_and_the_evaluation_neither()
    {
        // The network passes its input on: what is lost is the noise's variance, and the penalty.
        var network = new NetworkDescription("pass", [1, 8, 8], [Noise.Gaussian(0.5), Sparsity.MeanMagnitude(1000), new Convolution(new() { Kernel = [1, 1], Outputs = 1 })]);
        var training = Reconstruction with { Epochs = 1, Optimiser = new Sgd { LearningRate = 1e-30 } };
        var trainer = new Trainer<double>(network, training, Images(96), new TrainerOptions { Validation = Images(30) });
        trainer.Parameters["conv1.kernel"].Span[0] = 1;
        var epoch = trainer.Run(cancellation: Token).Epochs[0];
        Assert.Equal(0, epoch.ValidationLoss!.Value, 1e-12);
        var loss = epoch.Loss - 0.25;
        Assert.True(loss is > 400 and < 600, $"{epoch.Loss}: a thousand times the mean magnitude of noise about a few bright pixels");

        var plain = new Trainer<double>(new NetworkDescription("pass", [1, 8, 8], [network.Layers[0], network.Layers[2]]), training, Images(96));
        plain.Parameters["conv1.kernel"].Span[0] = 1;
        Assert.Equal(0.25, plain.Run(cancellation: Token).Epochs[0].Loss, 0.01);
    }

    [Fact]
    public void Steps_towards_the_input_allocate_nothing()
    {
        var allocated = new List<long>();
        var trainer = new Trainer<float>(Everything(), Reconstruction with { BatchSize = 8, Epochs = 3 }, Images(160));
        trainer.Run(
            new Listener(progress =>
            {
                if (progress.EndOfEpoch is null && progress.Epoch == 3) allocated.Add(GC.GetAllocatedBytesForCurrentThread());
            }),
            Token);
        // Most: the runtime itself makes an object now and then, when it compiles a method anew or a thread waits.
        var clean = Enumerable.Range(1, allocated.Count - 1).Count(step => allocated[step] == allocated[step - 1]);
        Assert.True(clean >= 10, $"{clean} of {allocated.Count - 1} steps allocated nothing");
    }

    [Fact]
    public void Every_layer_of_reconstruction_passes_the_gradient_check()
    {
        var report = GradientCheck.Run(Everything(), new BinaryCrossEntropy(), threads: 1, cancellation: Token);
        Assert.True(report.Passed, report.ToString());
        foreach (var row in report.Rows.Where(row => row.Kind is "tied-transpose" or "noise")) Assert.NotNull(row.AdjointError);
        foreach (var row in report.Rows.Where(row => row.Kind is "sparsity" or "gaussian-sample")) Assert.Null(row.AdjointError);
    }

    [Fact]
    public void What_does_not_go_together_is_refused_before_any_work()
    {
        var data = Images(30);
        Refused("training data: the output is to be compared with the input, but the network's output is 3 and its input 1×8×8; end the network with a layer that gives 1×8×8", ToyTask.Network(), Reconstruction);
        Refused("training: Target is Input, but cross-entropy is for classes; use mean squared error", Autoencoder(), Reconstruction with { Loss = new CrossEntropy() });
        Refused("training: Measure is Accuracy, but Target is Input", Autoencoder(), Reconstruction with { Measure = QualityMeasure.Accuracy });
        var binary = Reconstruction with { Loss = new BinaryCrossEntropy() };
        Refused("training data: binary cross-entropy towards the input takes samples for probabilities, from 0 to 1, and normalised ones lie outside; leave normalise out, or use mean squared error.", Autoencoder(), binary, normalise: true);
        data = ToyTask.Patterns(30);
        Refused("binary cross-entropy towards the input takes samples for probabilities, from 0 to 1, and sample 0 has values outside; bring the data to 0 … 1, or use mean squared error.", Autoencoder(), binary);

        void Refused(string text, NetworkDescription network, TrainingDescription training, bool normalise = false) =>
            Assert.Contains(text, Assert.ThrowsAny<ArgumentException>(() => new Trainer<float>(new ModelDescription(network, training, new DataDescription { MeasuresNormalisation = normalise }), data)).Message);
    }

    private static NetworkDescription Autoencoder(params ReadOnlySpan<Layer> more) => new(
        "autoencoder",
        [1, 8, 8],
        [new Convolution(new() { Kernel = [4, 4], Outputs = 6, Stride = [3, 3], Padding = Padding.Same }) { Name = "code" }, new Sigmoid(), new TiedTranspose("code"), .. more]);

    /// <summary>Every layer that autoencoders are made with, and two decoders with one kernel.</summary>
    private static NetworkDescription Everything() => new(
        "everything",
        [1, 8, 8],
        [
            Noise.SaltAndPepper(0.1),
            new Convolution(new() { Kernel = [3, 3], Outputs = 6, Stride = [2, 2], Padding = Padding.Same, Sharing = Sharing.Tiled([2, 1]) }) { Name = "first" },
            new Sigmoid { Name = "code" },
            Sparsity.RelativeEntropy(0.01, 0.2),
            Sparsity.MeanMagnitude(0.01),
            new TiedTranspose("first") { Name = "one" },
            new Dense(8) { Name = "latent", Inputs = ["code"] },
            new GaussianSample { Weight = 0.01 },
            Noise.Masking(0.1),
            new Dense(96),
            new Reshape([6, 4, 4]),
            new TiedTranspose("first") { Name = "other", Bias = false },
            Noise.Gaussian(0.1),
            new Add { Inputs = ["one", "noise3"] },
            new Sigmoid(),
        ]);

    /// <summary>Bars and blocks of bytes, which are from 0 to 1.</summary>
    private static Dataset Images(int count)
    {
        var patterns = ToyTask.Patterns(count);
        var (bytes, sample) = (new byte[count * 64], new float[64]);
        for (var n = 0; n < count; n++)
        {
            patterns.Read(n, sample);
            for (var i = 0; i < 64; i++) bytes[(n * 64) + i] = (byte)(255 * Math.Clamp(sample[i], 0, 1));
        }

        return Dataset.Create(bytes, [1, 8, 8], [.. Enumerable.Range(0, count).Select(patterns.Label)], patterns.ClassNames);
    }
}
