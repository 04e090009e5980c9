using Tessera.Connections;
using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

public class TrainerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_small_network_learns_separable_patterns_to_the_last()
    {
        var trainer = new Trainer<float>(
            ToyTask.Network(), new TrainingDescription { Epochs = 20, BatchSize = 16, Optimiser = new Adam { LearningRate = 0.01 }, Threads = 1 }, ToyTask.Patterns(96));
        var result = trainer.Run(cancellation: Token);
        Assert.Equal(TrainingOutcome.Completed, result.Outcome);
        Assert.Equal(20 * 6, result.Steps);
        Assert.True(result.Epochs[^1].Loss < 0.3 * result.Epochs[0].Loss);
        var evaluation = new Evaluator<float>(trainer.Model.Network, trainer.Parameters, new CrossEntropy()).Evaluate(ToyTask.Patterns(96), Token);
        Assert.Equal(1, evaluation.Accuracy);
        Assert.Equal(96, evaluation.Confusion!.Correct);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads()
    {
        var results = new[] { 1, 2, 3 }.Select(threads =>
        {
            var trainer = ToyTask.Trainer(ToyTask.Training with { Threads = threads }, ToyTask.Patterns(105));
            var result = trainer.Run(cancellation: Token);
            return (All: trainer.All(), Losses: result.Epochs.Select(epoch => (epoch.Loss, epoch.Accuracy, epoch.ValidationLoss)).ToArray());
        }).ToArray();
        Assert.All(results, result => Assert.Equal(results[0].All, result.All));
        Assert.All(results, result => Assert.Equal(results[0].Losses, result.Losses));
        var other = ToyTask.Trainer(ToyTask.Training with { Seed = 6 }, ToyTask.Patterns(105));
        other.Run(cancellation: Token);
        Assert.NotEqual(results[0].All, other.All());
    }

    [Fact]
    public void A_softmax_at_the_end_changes_nothing_in_training_and_stays_in_the_network()
    {
        var plain = new Trainer<float>(ToyTask.Network(), ToyTask.Training, ToyTask.Patterns(60));
        var ended = new Trainer<float>(ToyTask.Network(new Softmax()), ToyTask.Training, ToyTask.Patterns(60));
        plain.Run(cancellation: Token);
        ended.Run(cancellation: Token);
        Assert.Equal(plain.All(), ended.All());
        Assert.IsType<Softmax>(ended.Parameters.Network.Layers[^1]);
    }

    [Fact]
    public void A_network_trains_towards_targets_too()
    {
        var random = new RandomSource(3);
        float[] samples = [.. Enumerable.Range(0, 200).Select(_ => (float)random.NextNormal())];
        float[] targets = [.. Enumerable.Range(0, 100).Select(n => (2 * samples[2 * n]) - samples[(2 * n) + 1])];
        var trainer = new Trainer<double>(
            new NetworkDescription("line", [2], [new Dense(1)]),
            new TrainingDescription { Epochs = 60, BatchSize = 20, Loss = new MeanSquaredError(), Optimiser = new Sgd { LearningRate = 0.1, Momentum = 0.9 }, Threads = 1 },
            Dataset.Create(samples, [2], targets, [1]));
        var result = trainer.Run(cancellation: Token);
        Assert.True(result.Epochs[^1].Loss < 1e-9, $"{result.Epochs[^1].Loss}");
        Assert.Null(result.Epochs[^1].Accuracy);
        Assert.Equal(2, trainer.Parameters[0].Span[0], 1e-4);
        Assert.Equal(-1, trainer.Parameters[0].Span[1], 1e-4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_step_allocates_nothing_after_the_first(int rank)
    {
        var data = ToyTask.Patterns(400).WithSampleShape(rank switch { 1 => [1, 64], 2 => [1, 8, 8], _ => [1, 4, 4, 4] });
        var network = new NetworkDescription(
            "any rank",
            data.SampleShape,
            [
                new Convolution(new() { Kernel = Sizes.Repeat(3, rank), Outputs = 4, Padding = Padding.Same }),
                new BatchNormalisation(),
                new Relu(),
                new MaxPool { Window = Sizes.Repeat(2, rank) },
                new Convolution(new() { Kernel = Sizes.Repeat(2, rank), Outputs = 4, Sharing = Sharing.Unshared }),
                new Dropout(0.1),
                new Dense(3),
            ]);
        foreach (var optimiser in new Optimiser[] { new Sgd { Momentum = 0.9 }, new Adam() })
        {
            var allocated = new List<long>(1000);
            var training = ToyTask.Training with { Epochs = 3, Optimiser = optimiser };
            var trainer = new Trainer<float>(new ModelDescription(network, training, ToyTask.Preparation), data);
            trainer.Run(
                new Listener(progress =>
                {
                    // Epochs begin and end with a few objects; steps within them must not.
                    if (progress.EndOfEpoch is null && progress.Epoch == 3) allocated.Add(GC.GetAllocatedBytesForCurrentThread());
                }),
                Token);
            Assert.Equal(20, allocated.Count);
            // All but a few: the runtime itself makes an object now and then, when it compiles a method anew.
            var clean = Enumerable.Range(1, 19).Count(step => allocated[step] == allocated[step - 1]);
            Assert.True(clean >= 16, $"{19 - clean} of 19 steps allocated, {allocated[^1] - allocated[0]} bytes in all");
        }
    }

    [Fact]
    public void Progress_tells_every_step_and_every_epoch()
    {
        var steps = new List<TrainingProgress>();
        var trainer = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(105));
        var result = trainer.Run(new Listener(steps.Add), Token);
        Assert.Equal(84, trainer.TrainingCount);
        Assert.Equal(21, trainer.ValidationCount);
        Assert.Equal(Enumerable.Range(1, 18).Select(step => (long)step), steps.Where(step => step.EndOfEpoch is null).Select(step => step.Step));
        Assert.Equal(result.Epochs, steps.Where(step => step.EndOfEpoch is not null).Select(step => step.EndOfEpoch!));
        Assert.All(steps, step => Assert.Equal(6, step.Batches));
        Assert.All(steps, step => Assert.True(step.ImagesPerSecond > 0));
        Assert.Equal(steps[^1].Loss, result.Epochs[^1].Loss);
        Assert.Equal([1, 2, 3], result.Epochs.Select(epoch => epoch.Epoch));
        Assert.Equal(ToyTask.Training.Schedule.Rate(0.01, 17, 6, 3), result.Epochs[^1].Rate);
    }

    [Fact]
    public void The_best_epoch_is_kept_and_early_stopping_waits_its_patience()
    {
        // A rate that destroys what the first epochs learnt.
        var description = ToyTask.Training with
        {
            Epochs = 50,
            Schedule = new ConstantSchedule(),
            ClipNorm = null,
            Optimiser = new Sgd { LearningRate = 3, Momentum = 0.9 },
            EarlyStopping = new EarlyStopping(3),
        };
        var data = ToyTask.Patterns(105);
        var validation = ToyTask.Patterns(30, seed: 8);
        var trainer = ToyTask.Trainer(description with { ValidationFraction = 0 }, data, new TrainerOptions { Validation = validation });
        var result = trainer.Run(cancellation: Token);
        Assert.Equal(TrainingOutcome.StoppedEarly, result.Outcome);
        Assert.Equal(result.BestEpoch + 3, result.Epochs.Count);
        Assert.True(result.HoldsBest);
        Assert.Equal(result.Epochs.Min(epoch => epoch.ValidationLoss), result.Epochs[result.BestEpoch - 1].ValidationLoss);
        var again = new Evaluator<float>(trainer.Model.Network, trainer.Parameters, description.Loss, 16, trainer.Model.Data.Normalisation).Evaluate(validation, Token);
        Assert.Equal(result.Epochs[result.BestEpoch - 1].ValidationLoss, again.Loss);
        Assert.Equal(result.Epochs[result.BestEpoch - 1].ValidationAccuracy, again.Accuracy);
    }

    [Fact]
    public void A_training_that_diverges_names_the_step_the_layer_and_what_to_try()
    {
        var network = new NetworkDescription("plain", [1, 8, 8], [new Flatten(), new Dense(5), new Relu(), new Dense(3)]);
        var description = ToyTask.Training with { Optimiser = new Sgd { LearningRate = 1e30 }, Schedule = new ConstantSchedule(), ClipNorm = null };
        var error = Assert.Throws<TrainingDivergedException>(() => new Trainer<float>(network, description, ToyTask.Patterns(105)).Run(cancellation: Token));
        Assert.Equal((2, "dense2"), (error.Step, error.Layer));
        Assert.Equal(
            "training: the loss is NaN at step 2 (epoch 1, batch 2). The first activations that are not finite are those of layer 'dense2'. "
            + "Try a lower learning rate (it was 1E+30), clip the gradients (ClipNorm = 1), warm up over some hundred steps, or normalise the samples.",
            error.Message);
    }

    [Fact]
    public void A_statistic_that_overflows_is_noticed_at_the_end_of_the_epoch()
    {
        var description = ToyTask.Training with { Optimiser = new Sgd { LearningRate = 1e38 }, Schedule = new ConstantSchedule(), ClipNorm = null };
        var error = Assert.Throws<TrainingDivergedException>(() => ToyTask.Trainer(description, ToyTask.Patterns(105)).Run(cancellation: Token));
        Assert.Contains("an element of 'norm1.variance' is Infinity at step 6 (epoch 1, batch 6).", error.Message);
    }

    [Fact]
    public void Data_that_does_not_fit_is_refused_before_any_work()
    {
        var data = ToyTask.Patterns(30);
        Refused("training data: samples are 64, but the network's input is 1×8×8; there are equally many numbers, so that the dataset's WithSampleShape([1, 8, 8])", ToyTask.Network(), data.WithSampleShape([64]));
        Refused("samples are 1×8×8, but the network's input is 1×9×9; give the network the input [1, 8, 8]", new NetworkDescription("other", [1, 9, 9], [new Flatten(), new Dense(3)]), data);
        Refused("sample 2 has label 2 (2), but the network's 2 outputs know the classes 0 … 1 alone; give the last layer 3 outputs", new NetworkDescription("two", [1, 8, 8], [new Flatten(), new Dense(2)]), data);
        Refused("each sample has one label, but the network's output 1×8×8 has 64 positions", new NetworkDescription("no end", [1, 8, 8], [new Relu()]), data);
        Refused("not a sigmoid", ToyTask.Network(new Sigmoid()), data);
        Refused("not a softmax", ToyTask.Network(new Softmax()), data, ToyTask.Training with { Loss = new BinaryCrossEntropy() });
        Refused("targets are 2, but the network's output is 3", ToyTask.Network(), Dataset.Create(new float[128], [1, 8, 8], new float[4], [2]), ToyTask.Training with { ValidationFraction = 0 });
        Refused("the last one of the 17 training samples has 1", new NetworkDescription("norm", [1, 8, 8], [new Flatten(), new Dense(3), new BatchNormalisation()]), ToyTask.Patterns(17), ToyTask.Training with { ValidationFraction = 0 });
        Refused("a warm-up of 90 steps leaves nothing", ToyTask.Network(), data, ToyTask.Training with { Schedule = new ConstantSchedule { WarmUpSteps = 90 } });
        Refused("Epochs is 0; it must be 1 or more", ToyTask.Network(), data, ToyTask.Training with { Epochs = 0 });
        Refused("ValidationFraction is 1; it must be from 0 to less than 1", ToyTask.Network(), data, ToyTask.Training with { ValidationFraction = 1 });

        static void Refused(string text, NetworkDescription network, Dataset data, TrainingDescription? training = null) =>
            Assert.Contains(text, Assert.ThrowsAny<ArgumentException>(() => new Trainer<float>(network, training ?? ToyTask.Training, data)).Message);
    }

    [Fact]
    public void An_evaluation_counts_every_example_once_whatever_the_batch()
    {
        var data = ToyTask.Patterns(20);
        var trainer = new Trainer<double>(ToyTask.Network(), ToyTask.Training, data);
        var results = new[] { 1, 7, 20, 64 }.Select(batch => new Evaluator<double>(trainer.Model.Network, trainer.Parameters, new CrossEntropy(), batch).Evaluate(data, Token)).ToArray();
        foreach (var result in results)
        {
            Assert.Equal(20, result.Count);
            Assert.Equal(20, result.Confusion!.Total);
            Assert.Equal(results[0].Loss, result.Loss, 1e-12);
            Assert.Equal(results[0].Accuracy, result.Accuracy);
            Assert.Equal(result.Accuracy, result.Confusion.Accuracy);
        }
    }
}
