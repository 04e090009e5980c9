using Tessera.Data;
using Tessera.Files;
using Tessera.Reconstruction;
using Tessera.Tests.Training;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public sealed class ReconstructionTrainerTests : IDisposable
{
    private const string Net =
        """
        { "name": "net", "input": [1, 8, 8],
          "beliefNet": [{ "kernel": [3, 3], "outputs": 4, "visible": "gaussian", "pooling": [2, 2] }, { "kernel": [2, 2], "outputs": 3, "sharing": "unshared" }],
          "data": { "normalise": true, "augmentation": [{ "change": "shift", "pixels": 1 }] },
          "training": { "epochs": 2, "batchSize": 16, "learningRate": 0.02, "persistent": true, "sparsityTarget": 0.2, "seed": 3 } }
        """;

    private const string Coder =
        """
        { "name": "coder", "input": [1, 8, 8],
          "sparseCoding": { "kernel": [3, 3], "outputs": 5, "padding": "full", "sharing": { "tile": [2, 2] }, "sparsity": 0.2, "iterations": 8 },
          "training": { "epochs": 3, "batchSize": 16, "seed": 3 } }
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Models => [Net, Coder];

    [Theory]
    [MemberData(nameof(Models))]
    public void Threads_and_an_interruption_change_no_bit(string json)
    {
        var (model, data) = (ReconstructionJson.Parse(json), ToyTask.Patterns(70));
        var whole = Trained(model, data, 1);
        Assert.Equal(whole, Trained(model, data, 3));

        // Stopped within an epoch (of a net's second machine), resumed by another trainer.
        using var stop = new CancellationTokenSource();
        var options = new TrainerOptions { Validation = ToyTask.Patterns(20, 9), CheckpointPath = folder["stopped.safetensors"] };
        var first = new ReconstructionTrainer<float>(Threaded(model, 2), data, options);
        Assert.Equal(TrainingOutcome.Cancelled, first.Run(new Listener(told => Stop(told.Step)), stop.Token).Outcome);
        var second = new ReconstructionTrainer<float>(Threaded(model, 1), data, options);
        second.Resume(folder["stopped.safetensors"]);
        Assert.Equal(TrainingOutcome.Completed, second.Run(cancellation: TestContext.Current.CancellationToken).Outcome);
        Assert.Equal(whole, Values(second));

        void Stop(long step)
        {
            if (step == 10) stop.Cancel();
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void What_a_checkpoint_holds_codes_and_reconstructs_as_the_trainer_does(string json)
    {
        var (model, data) = (ReconstructionJson.Parse(json), ToyTask.Patterns(32));
        var trainer = new ReconstructionTrainer<double>(model, data);
        trainer.Run(cancellation: TestContext.Current.CancellationToken);
        trainer.Save(folder["model.safetensors"]);
        Assert.True(ReconstructionCheckpoint.Recognises(folder["model.safetensors"]));
        var read = ReconstructionCheckpoint.Open(folder["model.safetensors"]);
        Assert.Equal(trainer.Model, read.Model);
        var again = read.ReadModel<double>(16);
        var samples = new double[16 * 64];
        for (var i = 0; i < samples.Length; i++) samples[i] = Math.Sin(i);
        double[] one = new double[samples.Length], other = new double[samples.Length];
        trainer.Reconstructor.Reconstruct(samples, one);
        again.Reconstruct(samples, other);
        Assert.Equal(one, other);
        Assert.Contains(one, value => value != 0);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Training_makes_reconstruction_better(string json)
    {
        var model = ReconstructionJson.Parse(json);
        var trainer = new ReconstructionTrainer<float>(model with { Schedule = model.Schedule with { Epochs = 12 } }, ToyTask.Patterns(200));
        var epochs = trainer.Run(cancellation: TestContext.Current.CancellationToken).Epochs;
        Assert.True(epochs[11].Loss < 0.98 * epochs[0].Loss, $"{epochs[0].Loss} then {epochs[11].Loss}");
    }

    [Fact]
    public void Another_training_is_not_resumed()
    {
        var data = ToyTask.Patterns(40);
        var trainer = new ReconstructionTrainer<float>(ReconstructionJson.Parse(Net), data);
        trainer.Save(folder["net.safetensors"]);
        foreach (var (from, to, said) in (ReadOnlySpan<(string, string, string)>)
        [
            ("\"seed\": 3", "\"seed\": 4", "has the seed 3, but the one to resume has 4"),
            ("\"epochs\": 2", "\"epochs\": 3", "number of epochs for each machine 2"),
            ("\"outputs\": 4", "\"outputs\": 5", "its model, settings or data differ"),
            ("\"pixels\": 1", "\"pixels\": 2", "its model, settings or data differ"),
        ])
        {
            var other = new ReconstructionTrainer<float>(ReconstructionJson.Parse(Net.Replace(from, to, StringComparison.Ordinal)), data);
            Assert.Contains(said, Assert.Throws<InvalidDataException>(() => other.Resume(folder["net.safetensors"])).Message, StringComparison.Ordinal);
        }

    }

    [Theory]
    [InlineData("\"steps\": 0", "Steps is 0")]
    [InlineData("\"sparsityTarget\": -0.1", "SparsityTarget is -0.1")]
    [InlineData("\"momentum\": 1", "Momentum is 1")]
    [InlineData("\"epochs\": 0", "'epochs' is 0")]
    public void Bad_settings_of_a_net_are_refused_with_their_line(string setting, string said) =>
        Refused($$"""{ "input": [1, 8, 8], "beliefNet": [{ "kernel": [3, 3], "outputs": 2 }], "training": { {{setting}} } }""", said);

    [Theory]
    [InlineData("\"sparsity\": -1", "Sparsity is -1")]
    [InlineData("\"iterations\": 0", "Iterations is 0")]
    [InlineData("\"inference\": \"newton\"", "'inference' is \"newton\"")]
    public void Bad_settings_of_a_coder_are_refused_with_their_line(string setting, string said) =>
        Refused($$"""{ "input": [1, 8, 8], "sparseCoding": { "kernel": [3, 3], "outputs": 2, {{setting}} } }""", said);

    [Fact]
    public void A_model_is_one_kind_and_fits_its_sizes()
    {
        Refused("""{ "input": [1, 8, 8], "beliefNet": [], "sparseCoding": { "kernel": [3, 3], "outputs": 2 } }""", "unknown key 'sparseCoding'");
        Refused("""{ "input": [1, 8, 8], "beliefNet": [] }""", "no machines");
        Refused("""{ "input": [1, 8, 8], "beliefNet": [{ "kernel": [9, 9], "outputs": 2 }] }""", "kernel 9");
        Assert.Contains("samples are 1×8×8", Assert.Throws<ArgumentException>(() =>
            new ReconstructionTrainer<float>(ReconstructionJson.Parse(Net.Replace("[1, 8, 8]", "[1, 9, 9]", StringComparison.Ordinal)), ToyTask.Patterns(20))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_does_not_suit_the_visible_units_is_warned_of()
    {
        var data = ToyTask.Patterns(30);
        var slow = ReconstructionJson.Parse(Net.Replace("\"learningRate\": 0.02", "\"learningRate\": 0.01", StringComparison.Ordinal));
        Assert.Null(slow.WarningFor(data));
        var bare = slow with { Data = new DataDescription() };
        Assert.Contains("normalise it", bare.WarningFor(data), StringComparison.Ordinal);
        var binary = ReconstructionJson.Parse(Net.Replace("\"visible\": \"gaussian\", ", "", StringComparison.Ordinal));
        Assert.Contains("binary visible units take numbers from 0 to 1", binary.WarningFor(data), StringComparison.Ordinal);

        // Both are said where both are wrong.
        var fast = (BeliefNetModel)bare;
        var both = (fast with { Training = fast.Training with { LearningRate = 0.05 } }).WarningFor(data)!;
        Assert.Contains("normalise it (\"normalise\": true). rbm1: Gaussian visible units have no bound", both, StringComparison.Ordinal);
        Assert.DoesNotContain("rbm2", both, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_without_a_name_is_opened_again(string json)
    {
        var model = ReconstructionJson.Parse(json.Replace("\"name\": \"net\", ", "", StringComparison.Ordinal).Replace("\"name\": \"coder\", ", "", StringComparison.Ordinal));
        Assert.Empty(model.Name);
        Assert.Equal(model, ReconstructionJson.Parse(ReconstructionJson.Format(model)));
        var trainer = new ReconstructionTrainer<float>(model, ToyTask.Patterns(32));
        trainer.Save(folder["model.safetensors"]);
        Assert.Equal(trainer.Model, ReconstructionCheckpoint.Open(folder["model.safetensors"]).Model);
    }

    [Fact]
    public void A_sparsity_that_leaves_every_code_at_0_is_warned_of()
    {
        var (data, model) = (ToyTask.Patterns(30), (SparseCodingModel)ReconstructionJson.Parse(Coder));
        Assert.Null(model.WarningFor(data));

        // The least sparsity that is warned of is one that no dictionary answers to, and a filter like the window answers to any lower one.
        var warning = (model with { Coding = model.Coding with { Sparsity = 1e3 } }).WarningFor(data)!;
        var said = System.Text.RegularExpressions.Regex.Match(warning, "more than ([0-9.]+) to any of the first 30 samples; use less, such as");
        Assert.True(said.Success, warning);
        var largest = double.Parse(said.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(LargestWindow(data), largest, 1e-3);
        Assert.NotNull((model with { Coding = model.Coding with { Sparsity = largest + 1e-3 } }).WarningFor(data));
        Assert.Null((model with { Coding = model.Coding with { Sparsity = largest - 1e-3 } }).WarningFor(data));
    }

    /// <summary>The largest norm of a window of 3×3 within samples of 8×8 and a border of zeros.</summary>
    private static double LargestWindow(Dataset data)
    {
        var (sample, largest) = (new float[64], 0.0);
        for (var n = 0; n < data.Count; n++)
        {
            data.Read(n, sample);
            for (var at = 0; at < 100; at++)
            {
                var sum = 0.0;
                for (var q = 0; q < 9; q++)
                {
                    var (y, x) = ((at / 10) - 2 + (q / 3), (at % 10) - 2 + (q % 3));
                    if (y is >= 0 and < 8 && x is >= 0 and < 8) sum += sample[(8 * y) + x] * sample[(8 * y) + x];
                }

                largest = Math.Max(largest, Math.Sqrt(sum));
            }
        }

        return largest;
    }

    private static void Refused(string json, string said) =>
        Assert.Contains(said, Assert.Throws<InvalidDataException>(() => ReconstructionJson.Parse(json, "m.json")).Message, StringComparison.Ordinal);

    private static ReconstructionModel Threaded(ReconstructionModel model, int threads) => model with { Schedule = model.Schedule with { Threads = threads } };

    private static float[] Trained(ReconstructionModel model, Dataset data, int threads)
    {
        var trainer = new ReconstructionTrainer<float>(Threaded(model, threads), data, new TrainerOptions { Validation = ToyTask.Patterns(20, 9) });
        trainer.Run(cancellation: TestContext.Current.CancellationToken);
        return Values(trainer);
    }

    /// <summary>Parameters, state and what each epoch came to.</summary>
    private static float[] Values(ReconstructionTrainer<float> trainer) =>
    [
        .. trainer.Learner.Parameters.Concat(trainer.Learner.State).SelectMany(tensor => tensor.Values),
        .. trainer.History.SelectMany(epoch => (float[])[(float)epoch.Loss, (float)epoch.ValidationLoss!.Value]),
    ];
}
