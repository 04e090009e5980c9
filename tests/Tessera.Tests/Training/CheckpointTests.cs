using CsCheck;
using Tessera.Data;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

public class CheckpointTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_training_stopped_anywhere_and_resumed_ends_in_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        var (data, validation) = (ToyTask.Patterns(70), ToyTask.Patterns(30, 9));
        foreach (var optimiser in new Optimiser[] { new Adam { LearningRate = 0.01 }, new RmsProp { Momentum = 0.5, WeightDecay = 0.01 } })
        {
            var description = ToyTask.Training with { Optimiser = optimiser, ValidationFraction = 0 };
            var (expected, whole) = Train(description, folder["whole.safetensors"], []);
            Gen.Int[0, 16].Array[1, 3].Select(Gen.Int[1, 2]).Sample(
                sample =>
                {
                    var (stops, threads) = sample;
                    var (values, file) = Train(description with { Threads = threads }, folder["parts.safetensors"], stops);
                    Assert.Equal(expected, values);
                    Assert.Equal(whole, file);
                },
                iter: 12,
                threads: 1);
        }

        // Cancels at each stop's step, counted from the last one, and goes on in a new trainer.
        (float[] Parameters, Dictionary<string, byte[]> File) Train(TrainingDescription description, string path, int[] stops)
        {
            var options = new TrainerOptions { CheckpointPath = path, Validation = validation };
            var trainer = ToyTask.Trainer(description, data, options);
            foreach (var stop in stops)
            {
                using var source = new CancellationTokenSource();
                var left = stop;
                if (left == 0) source.Cancel();
                trainer.Run(
                    new Listener(progress =>
                    {
                        if (progress.EndOfEpoch is null && --left <= 0) source.Cancel();
                    }),
                    source.Token);
                trainer = ToyTask.Trainer(description, data, options);
                trainer.Resume(path);
            }

            Assert.Equal(TrainingOutcome.Completed, trainer.Run(cancellation: Token).Outcome);
            return (trainer.All(), Contents(path));
        }
    }

    [Fact]
    public void A_cancelled_trainer_goes_on_itself()
    {
        var data = ToyTask.Patterns(70);
        var whole = ToyTask.Trainer(ToyTask.Training, data);
        whole.Run(cancellation: Token);
        var parts = ToyTask.Trainer(ToyTask.Training, data);
        using var source = new CancellationTokenSource();
        var result = parts.Run(new Listener(_ => source.Cancel()), source.Token);
        Assert.Equal(TrainingOutcome.Cancelled, result.Outcome);
        Assert.Equal(1, result.Steps);
        Assert.Equal(0, result.BestEpoch);
        parts.Run(cancellation: Token);
        Assert.Equal(whole.All(), parts.All());
    }

    [Fact]
    public void Parameters_that_are_not_finite_replace_no_good_checkpoint()
    {
        using var folder = new TemporaryFolder();
        var path = folder["c.safetensors"];
        var trainer = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70), new TrainerOptions { CheckpointPath = path });
        using var source = new CancellationTokenSource();
        Assert.Equal(TrainingOutcome.Cancelled, trainer.Run(new Listener(_ => source.Cancel()), source.Token).Outcome);
        var good = File.ReadAllBytes(path);
        using var second = new CancellationTokenSource();
        Assert.Throws<TrainingDivergedException>(() => trainer.Run(
            new Listener(_ =>
            {
                trainer.Parameters["dense1.bias"].Span[0] = float.NaN;
                second.Cancel();
            }),
            second.Token));
        Assert.Equal(good, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_listener_that_throws_leaves_the_training_where_it_stands()
    {
        var whole = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70));
        whole.Run(cancellation: Token);
        var broken = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70));
        Assert.Throws<TimeoutException>(() => broken.Run(new Listener(progress => throw (progress.EndOfEpoch is null ? new TimeoutException() : new ArithmeticException())), Token));
        Assert.Throws<ArithmeticException>(() => broken.Run(new Listener(progress => _ = progress.EndOfEpoch is null ? 0 : throw new ArithmeticException()), Token));
        broken.Run(cancellation: Token);
        Assert.Equal(whole.All(), broken.All());
    }

    [Fact]
    public void A_longer_training_goes_on_from_a_shorter_ones_end()
    {
        using var folder = new TemporaryFolder();
        var path = folder["c.safetensors"];
        var description = ToyTask.Training with { Schedule = new ConstantSchedule(), Epochs = 2 };
        ToyTask.Trainer(description, ToyTask.Patterns(70), new TrainerOptions { CheckpointPath = path }).Run(cancellation: Token);
        var longer = ToyTask.Trainer(description with { Epochs = 4 }, ToyTask.Patterns(70));
        longer.Resume(path);
        Assert.Equal(4, longer.Run(cancellation: Token).Epochs.Count);
        var whole = ToyTask.Trainer(description with { Epochs = 4 }, ToyTask.Patterns(70));
        whole.Run(cancellation: Token);
        Assert.Equal(whole.All(), longer.All());
    }

    [Fact]
    public void A_checkpoint_gives_back_the_model_its_normalisation_and_the_best_parameters()
    {
        using var folder = new TemporaryFolder();
        var path = folder["c.safetensors"];
        var trainer = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70), new TrainerOptions { CheckpointPath = path });
        var result = trainer.Run(cancellation: Token);
        var checkpoint = Checkpoint.Open(path);
        Assert.Equal(trainer.Model, checkpoint.Model);
        Assert.NotNull(checkpoint.Model.Data.Normalisation);
        Assert.Equal(result.Epochs, checkpoint.History);
        Assert.True(checkpoint.HasBest && checkpoint.HasTraining);
        var read = ToyTask.Trainer(ToyTask.Training with { Seed = 99 }, ToyTask.Patterns(70));
        checkpoint.ReadParameters(read.Parameters);
        Assert.Equal(trainer.All(), read.All());

        // Without its training, and in the other precision.
        trainer.Save(path);
        var saved = Checkpoint.Open(path);
        Assert.False(saved.HasTraining);
        Assert.Equal(trainer.All().Select(value => (double)value), saved.ReadParameters<double>().SelectMany(parameter => parameter.Span.ToArray()));
        Assert.Contains("no training to go on with", Assert.Throws<InvalidDataException>(() => read.Resume(path)).Message);
    }

    [Fact]
    public void Another_training_is_not_resumed()
    {
        using var folder = new TemporaryFolder();
        var path = folder["c.safetensors"];
        var data = ToyTask.Patterns(70);
        ToyTask.Trainer(ToyTask.Training, data).Save(path);
        Refused("its training has the seed 5, but the one to resume has 6; use 5, or train anew", () => Resumed(ToyTask.Training with { Seed = 6 }));
        Refused("has the batch size 16, but the one to resume has 8", () => Resumed(ToyTask.Training with { BatchSize = 8 }));
        Refused("has the optimiser adam, but the one to resume has adamw", () => Resumed(ToyTask.Training with { Optimiser = new AdamW() }));
        Refused("has the loss cross-entropy, but the one to resume has mean squared error", () => Resumed(ToyTask.Training with { Loss = new MeanSquaredError() }));
        Refused("has the keeping of the best on", () => Resumed(ToyTask.Training with { KeepBest = false }));
        Refused("has the number of training examples 55", () => ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(90)).Resume(path));
        Refused("normalises samples otherwise than the one to resume, or was on other data", () => ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70, 8)).Resume(path));
        Refused("its network has 6 layers, but the one to resume has 7", () => new Trainer<float>(ToyTask.Network(new Dense(3)), ToyTask.Training, data).Resume(path));
        Refused("layer 1 of its network is 'conv1' (convolution), and 'dropout1' (dropout) of the network to resume differs", () => new Trainer<float>(new NetworkDescription("", [1, 8, 8], [new Dropout(0.1), new Flatten(), new Dense(3)]), ToyTask.Training, data).Resume(path));
        Refused("is Float32, but the training to resume computes in Float64", () => new Trainer<double>(new ModelDescription(ToyTask.Network(), ToyTask.Training, ToyTask.Preparation), data).Resume(path));

        void Resumed(TrainingDescription training) => ToyTask.Trainer(training, data).Resume(path);
        static void Refused(string text, Action action) => Assert.Contains(text, Assert.Throws<InvalidDataException>(action).Message);
    }

    [Fact]
    public void Damage_is_found_before_anything_is_overwritten()
    {
        using var folder = new TemporaryFolder();
        var good = folder["good.safetensors"];
        var trainer = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70));
        trainer.Save(good);
        var before = trainer.All();
        Damaged("format is ''", (_, metadata) => metadata.Remove("format"));
        Damaged("'training.step' is missing", (_, metadata) => metadata.Remove("training.step"));
        Damaged("step 3 is not batch 0 of epoch 1", (_, metadata) => metadata["training.step"] = "3");
        Damaged("'lossSum' is 'NaN', not a finite number", (_, metadata) => metadata["training.lossSum"] = "NaN");
        Damaged("'seen' is '-1'", (_, metadata) => metadata["training.seen"] = "-1");
        Damaged("history", (_, metadata) => metadata["training.history"] = "1,x,,,,1,1");
        Damaged("bad.safetensors: model", (_, metadata) => metadata["model"] = "{}");
        Damaged("no tensor 'conv1.kernel' of 4×1×3×3", (tensors, _) => tensors.Remove("conv1.kernel"));
        Damaged("'other.kernel' belongs to no parameter", (tensors, _) => tensors["other.kernel"] = ([1], [0]));
        Damaged("'optimiser/other' belongs to no parameter", (tensors, _) => tensors["optimiser/other"] = ([1], [0]));
        Damaged("'dense1.bias' is 4 in it but 3 in the model", (tensors, _) => tensors["dense1.bias"] = ([4], new float[4]));
        Damaged("element 1 of 'dense1.bias' is NaN", (tensors, _) => tensors["dense1.bias"].Values[1] = float.NaN);

        void Damaged(string text, Action<Dictionary<string, (Sizes Shape, float[] Values)>, Dictionary<string, string>> damage)
        {
            var file = SafetensorsFile.Open(good);
            var metadata = file.Metadata.ToDictionary();
            var tensors = file.Entries.ToDictionary(entry => entry.Name, entry =>
            {
                var values = new float[entry.Count];
                file.Read<float>(entry.Name, values);
                return (Shape: entry.Shape, Values: values);
            });
            damage(tensors, metadata);
            var bad = folder["bad.safetensors"];
            SafetensorsFile.Write(bad, [.. tensors.Select(tensor => SafetensorsTensor.Create<float>(tensor.Key, tensor.Value.Shape, tensor.Value.Values))], metadata);
            Assert.Contains(text, Assert.Throws<InvalidDataException>(() => trainer.Resume(bad)).Message);
            Assert.Equal(before, trainer.All());
        }
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_is_an_error_and_leaves_the_trainer_usable()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("make the folder first", Assert.ThrowsAny<IOException>(
            () => ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70), new TrainerOptions { CheckpointPath = folder["missing/c.safetensors"] })).Message);
        var gone = Directory.CreateDirectory(folder["gone"]);
        var options = new TrainerOptions { CheckpointPath = Path.Combine(gone.FullName, "c.safetensors") };
        var trainer = ToyTask.Trainer(ToyTask.Training, ToyTask.Patterns(70), options);
        gone.Delete();
        Assert.ThrowsAny<IOException>(() => trainer.Run(cancellation: Token));
        trainer.Save(folder["c.safetensors"]);
        Assert.Single(Checkpoint.Open(folder["c.safetensors"]).History);
    }

    /// <summary>All that a file holds but how long it took and on how many threads.</summary>
    private static Dictionary<string, byte[]> Contents(string path)
    {
        var file = SafetensorsFile.Open(path);
        var contents = new Dictionary<string, byte[]>();
        foreach (var entry in file.Entries)
        {
            var values = new float[entry.Count];
            file.Read<float>(entry.Name, values);
            contents[entry.Name] = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();
        }

        foreach (var (key, value) in file.Metadata)
        {
            var text = key == "training.history" ? string.Join('\n', value.Split('\n').Select(line => line[..line.LastIndexOf(',')])) : value;
            if (key is not ("training.seconds" or "model")) contents[key] = System.Text.Encoding.UTF8.GetBytes(text);
        }

        return contents;
    }
}
