using System.Numerics;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Execution.Inference;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>Runs a network over datasets and says how well it does. The result does not depend on the number of threads.</summary>
public sealed class Evaluator<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NetworkDescription network;
    private readonly Loss loss;
    private readonly int batchSize;
    private readonly Augmentation preparation;
    private readonly InferenceExecution<T> execution;
    private readonly T[] input;
    private Dataset? loaded;
    private BatchLoader<T>? loader;

    /// <summary>An evaluator of a network with its parameters as they are at each call.</summary>
    /// <param name="network">The network; where it ends in the softmax or sigmoid of its cross-entropy, the loss is computed from what goes in there.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="batchSize">Examples to run at a time, from 1.</param>
    /// <param name="normalisation">How samples are normalised; null for not at all.</param>
    /// <param name="options">Threads and instructions.</param>
    /// <exception cref="ArgumentException">The network does not go with the loss.</exception>
    public Evaluator(
        NetworkDescription network, NetworkParameters<T> parameters, Loss loss, int batchSize = 100, Normalise? normalisation = null, PlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        loss.Check();
        this.network = LossHead.ForLoss(network, loss);
        this.loss = loss;
        this.batchSize = batchSize;
        preparation = normalisation is null ? Augmentation.None : new Augmentation(normalisation);
        options ??= PlanOptions.Default;
        var how = new ExecutionOptions { Threads = options.Threads, Instructions = options.Instructions, Exact = options.Exact, UseReference = options.UseReference };
        execution = new InferenceExecution<T>(this.network, parameters.For(this.network), batchSize, how);
        input = new T[execution.InputShape.Product];
    }

    /// <summary>What the loss compares the output with.</summary>
    public TrainingTarget Target { get; init; }

    private delegate void BatchVisitor(Batch<T> batch, ReadOnlySpan<T> output);

    /// <summary>The mean loss (without penalties of layers, which are of training alone), accuracy and confusion over all examples, each counted once.</summary>
    /// <exception cref="ArgumentException">The data does not fit the network or the loss; the message has both sides and a way out.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public Evaluation Evaluate(Dataset data, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        DataFit.Check(data, network, loss, Target, preparation.Steps.Count > 0, "evaluation data");
        var classifies = data.IsLabelled && Target == TrainingTarget.Given;
        var one = network.OutputShape(1);
        var classes = Math.Max(2, one[1]);
        var confusion = classifies && classes <= ConfusionMatrix.MostClasses ? new ConfusionMatrix(classes) : null;
        double sum = 0;
        long correct = 0;
        ForEachBatch(data, Count, cancellation);
        return new Evaluation(sum / data.Count, classifies ? correct / (double)data.Count : null, confusion, data.Count);

        void Count(Batch<T> batch, ReadOnlySpan<T> output)
        {
            var shape = Sizes.Create([batch.Count]).Append(one.From(1));
            if (!classifies)
            {
                sum += loss.Evaluate<T>(shape, output, (Target == TrainingTarget.Input ? batch.Inputs : batch.Targets).Span, []) * batch.Count;
                return;
            }

            var labels = batch.Labels.Span;
            sum += loss.Evaluate(shape, output, labels, []) * batch.Count;
            for (var n = 0; n < batch.Count; n++)
            {
                var predicted = Classification.ClassOf(output.Slice(n * one[1], one[1]), loss);
                confusion?.Add(labels[n], predicted);
                if (predicted == labels[n]) correct++;
            }
        }
    }

    /// <summary>What the network says of each example, in their order; labels are not looked at.</summary>
    /// <exception cref="ArgumentException">The samples do not fit the network, or its output has several positions for each example.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public IReadOnlyList<Prediction> Predict(Dataset data, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        DataFit.CheckSamples(data, network.InputShape, "samples");
        var layout = OutputLayout.Of(network.OutputShape(1), "prediction");
        if (layout.Positions != 1)
            throw new ArgumentException($"prediction: the network's output {layout.Shape.From(1)} has {layout.Positions} positions for each example, and no single class; run a NetworkExecution to look at it.", nameof(data));
        var predictions = new List<Prediction>(data.Count);
        ForEachBatch(data, Keep, cancellation);
        return predictions;

        void Keep(Batch<T> batch, ReadOnlySpan<T> output)
        {
            for (var n = 0; n < batch.Count; n++)
            {
                var scores = output.Slice(n * layout.Channels, layout.Channels);
                predictions.Add(new Prediction(predictions.Count, Classification.ClassOf(scores, loss), Classification.Probabilities(scores, loss)));
            }
        }
    }

    private void ForEachBatch(Dataset data, BatchVisitor visit, CancellationToken cancellation)
    {
        if (!ReferenceEquals(data, loaded))
        {
            loader = new BatchLoader<T>(data, new BatchOptions { Size = batchSize, Augmentation = preparation });
            loaded = data;
        }

        var outputs = execution.OutputShape.Product / batchSize;
        execution.Update();
        loader!.Start(0);
        while (loader.Next())
        {
            cancellation.ThrowIfCancellationRequested();
            // A last batch that is not full runs beside what the one before it left; examples do not touch each other.
            loader.Current.Inputs.Span.CopyTo(input);
            visit(loader.Current, execution.Forward((ReadOnlySpan<T>)input)[..(int)(loader.Current.Count * outputs)]);
        }
    }
}
