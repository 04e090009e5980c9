using System.Numerics;
using Tessera.Connections;
using Tessera.Data;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>
/// Trains one model with several sharings from one shared start. The model is trained shared for some epochs; then each variant takes
/// its kernels and biases through <see cref="SharingConversion"/> and everything else as it is, so that it begins by computing
/// what the shared network computes, and is trained for the remaining epochs.
/// </summary>
/// <remarks>
/// Order, augmentation, dropout and learning rates are, step by step, those of one training over all epochs: no schedule begins anew. The shared variant is
/// that training, to the bit. What the optimiser remembers of an untied parameter starts anew, since a shared kernel's gradient is the
/// sum over its tiles and would leave Adam with moments far too large for one of them; of all others it is kept. All variants train to the last epoch: early stopping and the keeping of
/// the best epoch are not used. The bits do not depend on the number of threads.
/// </remarks>
public sealed class SharingExperiment<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly SharingExperimentDescription description;
    private readonly Dataset data;
    private readonly Dataset? test;
    private readonly Dataset? watched;
    private readonly Trainer<T> start;
    private readonly ModelDescription[] models;

    /// <summary>An experiment before its first step; everything is checked.</summary>
    /// <param name="model">The model; the sharing that it says of the chosen layers is not used.</param>
    /// <param name="data">What to train on, and to keep back for validation.</param>
    /// <param name="test">What variants are compared on; watched after every epoch where nothing is kept back for that. Null to compare on validation or training.</param>
    /// <param name="description">What is compared; shared, tiles of 2 and unshared from the same initial weights where left out.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or model, sharing and data do not fit; the message names both sides and a way out.</exception>
    public SharingExperiment(ModelDescription model, Dataset data, Dataset? test = null, SharingExperimentDescription? description = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        this.description = description ??= new SharingExperimentDescription();
        this.data = data;
        this.test = test;
        model = model with { Training = model.Training with { EarlyStopping = null, KeepBest = false } };
        model.Training.Check();
        description.Check(model.Training.Epochs);
        Layers = SharingOfNetwork.Layers(model.Network, description.Layers);
        models = [.. description.Sharings.Select(sharing => model with { Network = SharingOfNetwork.With(model.Network, Layers, sharing) })];
        watched = model.Training.ValidationFraction == 0 ? test : null;
        start = Trainer(model with { Network = SharingOfNetwork.With(model.Network, Layers, Sharing.Shared) });
        if (test is not null) DataFit.Check(test, model.Network, model.Training.Loss, model.Training.Target, model.Data.IsNormalised, "test data");
    }

    /// <summary>The layers whose sharing varies.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>The shared start: its network, and with what it is trained.</summary>
    public ModelDescription Start => start.Model;

    /// <summary>Trains the shared start and then one variant after the other, each when it is asked for.</summary>
    /// <param name="progress">Told of every step and every epoch, on this thread.</param>
    /// <param name="cancellation">Asked after every step.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled; what was given stands.</exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradients are not finite.</exception>
    public IEnumerable<SharingVariant<T>> Run(IProgress<SharingProgress>? progress = null, CancellationToken cancellation = default)
    {
        Complete(start.RunTo(description.UntieAfter, new Told(step => progress?.Report(new SharingProgress(null, step, []))), cancellation), cancellation);
        for (var variant = 0; variant < models.Length; variant++) yield return Variant(variant, progress, cancellation);
    }

    private SharingVariant<T> Variant(int variant, IProgress<SharingProgress>? progress, CancellationToken cancellation)
    {
        var trainer = Trainer(models[variant]);
        trainer.UntieFrom(start);
        var sharing = description.Sharings[variant];
        var drift = new List<LayerDrift>(Drift(trainer, description.UntieAfter));
        var result = trainer.RunTo(models[variant].Training.Epochs, new Told(Report), cancellation);
        Complete(result, cancellation);
        var network = trainer.Model.Network;
        var plan = new PlanOptions { Threads = trainer.Model.Training.Threads, Exact = trainer.Model.Training.Exact };
        return new SharingVariant<T>
        {
            Sharing = sharing,
            Model = trainer.Model,
            Parameters = trainer.Parameters,
            Epochs = result.Epochs,
            Drift = drift,
            Test = test is null ? null : new Evaluator<T>(network, trainer.Parameters, trainer.Model.Training.Loss, Math.Min(100, test.Count), trainer.Model.Data.Normalisation, plan) { Target = trainer.Model.Training.Target }.Evaluate(test, cancellation),
            MultiplyAdds = network.Layers.Select((layer, index) => layer.MultiplyAdds(network.InputShapes(index, 1))).Sum(),
            Seconds = result.Seconds - (description.UntieAfter == 0 ? 0 : start.History[^1].Seconds),
        };

        void Report(TrainingProgress step)
        {
            IReadOnlyList<LayerDrift> now = step.EndOfEpoch is null ? [] : [.. Drift(trainer, step.Epoch)];
            drift.AddRange(now);
            progress?.Report(new SharingProgress(sharing, step, now));
        }
    }

    private Trainer<T> Trainer(ModelDescription model) => new(model, data, new TrainerOptions { Validation = watched });

    private IEnumerable<LayerDrift> Drift(Trainer<T> trainer, int epoch)
    {
        var network = trainer.Model.Network;
        for (var index = 0; index < network.Layers.Count; index++)
        {
            var name = network.Layers[index].Name;
            if (!Layers.Contains(name)) continue;
            yield return new LayerDrift(name, epoch, TileDrift.Of<T>(SharingOfNetwork.Geometry(network, index)!, trainer.Parameters[name + ".kernel"].Value));
        }
    }

    private static void Complete(TrainingResult result, CancellationToken cancellation)
    {
        if (result.Outcome == TrainingOutcome.Cancelled) throw new OperationCanceledException(cancellation);
    }

    /// <summary>Tells at once, on the thread that trains.</summary>
    private sealed class Told(Action<TrainingProgress> tell) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => tell(value);
    }
}
