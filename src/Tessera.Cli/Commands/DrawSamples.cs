using System.CommandLine;
using Tessera.Cli.Pictures;
using Tessera.Reconstruction;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw samples</c>: Gibbs chains of a belief net, and draws of a variational autoencoder's prior.</summary>
internal static class DrawSamples
{
    private const string Examples =
        """
        Of a belief net a row for each chain, a column for each look at it: what the visible units expect to be after so many steps in the
        highest machine. Of a variational autoencoder what its decoder makes of codes drawn from the prior, a standard normal one.

        Examples:
          tessera draw samples runs/rbm-1
          tessera draw samples runs/rbm-1 --from-data --steps 50 --every 5 --seed 3 --out dream.svg
          tessera draw samples runs/variational-1 --count 100 --seed 2
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("run") { Description = "The folder that the training of a belief net or a variational autoencoder left, or its model.safetensors.", HelpName = "RUN" };
        var steps = CommandOptions.Whole("--steps", $"Steps of each chain; {ChainSamples.Steps} if left out.", 1, 10_000_000);
        var every = CommandOptions.Whole("--every", $"Steps from one look to the next; {ChainSamples.Every} if left out.", 1);
        var chains = CommandOptions.Whole("--chains", $"Chains to run and show; {ChainSamples.Chains} if left out.", 1, 64);
        var count = CommandOptions.Whole("--count", $"Draws of a variational autoencoder; {PriorSamples.Usual} if left out.", 1, 640);
        var fromData = new Option<bool>("--from-data") { Description = "Start at test samples instead of noise." };
        var data = new Option<string?>("--data") { Description = "Data by name or path to start at; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var seed = new Option<long>("--seed") { Description = "What is drawn from.", HelpName = "number", DefaultValueFactory = _ => 1 };
        var threads = CommandOptions.Threads();
        var output = PictureFile.Option();
        var command = new Command("samples", "Draw what a belief net dreams, along Gibbs chains, or a variational autoencoder from its prior.") { model, steps, every, chains, fromData, count, data, seed, threads, output };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(model);
            if (TrainedModel.Reconstruction(given) is null)
            {
                Option? chain = parsed.GetValue(fromData) ? fromData : ((Option[])[steps, every, chains, data]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
                if (chain is not null) throw new UsageException($"{chain.Name}: Gibbs chains are a belief net's, and {given} is a network; leave it out.");
                return DrawPrior(session, given, parsed.GetValue(count) ?? PriorSamples.Usual, parsed.GetValue(seed), parsed.GetValue(threads) ?? 0, parsed.GetValue(output));
            }

            if (parsed.GetValue(count) is not null) throw new UsageException($"--count: {given} is no variational autoencoder; a belief net's samples are counted by --chains and --every.");
            var trained = TrainedReconstructor.Open(given, parsed.GetValue(threads) ?? 0, parsed.GetValue(chains) ?? ChainSamples.Chains);
            if (trained.Model is not BeliefNet<float> net) throw new InvalidOperationException($"{given}: it is no belief net, and only those and variational autoencoders sample; give the folder that the training of one left.");
            if (!ReconstructionPictures.CanDraw(net.SampleShape)) throw new InvalidOperationException($"{given}: the net takes samples of {net.SampleShape}, which have no picture; nets of signals, images and volumes do.");
            var (last, look) = (parsed.GetValue(steps) ?? ChainSamples.Steps, parsed.GetValue(every) ?? Math.Min(ChainSamples.Every, parsed.GetValue(steps) ?? ChainSamples.Steps));
            if (look > last) throw new UsageException($"--every: a look every {look} steps at chains of {last} steps shows nothing; give at most {last}.");
            if (last / look > 1000) throw new UsageException($"--every: {last / look} looks at each chain; at most 1000 fit, so look every {(last + 999) / 1000} steps or more.");
            var path = PictureFile.Check(parsed.GetValue(output), "samples.svg", given);
            var start = parsed.GetValue(fromData) ? Start(trained, net, parsed.GetValue(data)) : [];
            ChainSamples.Of(net, trained.Data.Normalisation, start, last, look, parsed.GetValue(seed)).Write(path);
            return PictureFile.Written(session, path);
        });
        return command;
    }

    private static int DrawPrior(Session session, string given, int count, long seed, int threads, string? output)
    {
        var trained = TrainedModel.Open(given);
        var decoder = trained.Decoder(count, threads);
        if (!ReconstructionPictures.CanDraw(decoder.SampleShape)) throw new InvalidOperationException($"{given}: the decoder gives samples of {decoder.SampleShape}, which have no picture; decoders of signals, images and volumes do.");
        var path = PictureFile.Check(output, "samples.svg", given);
        PriorSamples.Of(decoder, trained.Model.Data.Normalisation, seed).Write(path);
        return PictureFile.Written(session, path);
    }

    /// <summary>The first test samples, normalised, as many as the net takes at once.</summary>
    private static float[] Start(TrainedReconstructor trained, BeliefNet<float> net, string? data)
    {
        var test = trained.ReadTest(data);
        var length = (int)net.SampleShape.Product;
        var samples = new float[net.Batch * length];
        for (var n = 0; n < net.Batch; n++)
        {
            var own = samples.AsSpan(n * length, length);
            test.Read(n % test.Count, own);
            trained.Data.ForInference.Apply(own, new float[length], net.SampleShape, 0, 0, 0);
        }

        return samples;
    }
}
