using System.Numerics;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Execution.Inference;
using Tessera.Networks.Layers;

namespace Tessera.Training;

/// <summary>
/// Runs a trained network on samples: normalises them as its model says and gives probabilities, through the softmax or sigmoid that
/// its loss implies where the network does not end in one. One thread uses it at a time.
/// </summary>
public sealed class Predictor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private enum Final
    {
        None,
        Softmax,
        Sigmoid,
    }

    private readonly InferenceExecution<T> execution;
    private readonly Augmentation preparation;
    private readonly Sizes sampleShape;
    private readonly float[] sample;
    private readonly float[] scratch;
    private readonly T[] input;
    private readonly nint[] inputLengths;
    private readonly Final final;

    /// <summary>A predictor of a model with its parameters as they are now.</summary>
    /// <param name="model">The model, its normalisation measured.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <exception cref="ArgumentException">The parameters are of another network.</exception>
    public Predictor(ModelDescription model, NetworkParameters<T> parameters, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        execution = new InferenceExecution<T>(model.Network, parameters, 1, new ExecutionOptions { Threads = threads, Exact = model.Training.Exact });
        preparation = model.Data.ForInference;
        sampleShape = model.Network.InputShape;
        preparation.Check(sampleShape);
        sample = new float[sampleShape.Product];
        scratch = new float[sample.Length];
        input = new T[sample.Length];
        inputLengths = execution.InputShape.ToLengths();
        OutputShape = model.Network.OutputShape(1).From(1);
        final = (model.Training.Loss, model.Network.Layers[^1]) switch
        {
            (CrossEntropy, not Softmax) => Final.Softmax,
            (BinaryCrossEntropy, not Sigmoid) => Final.Sigmoid,
            _ => Final.None,
        };
    }

    /// <summary>The shape of what <see cref="Predict"/> gives: [K] for a classifier of K classes.</summary>
    public Sizes OutputShape { get; }

    /// <summary>What the network makes of one sample: probabilities of the classes, or whatever else it was trained to give.</summary>
    /// <param name="values">The sample [C, i…], row-major, before normalisation (images from 0 to 1).</param>
    /// <exception cref="ArgumentException">The sample has another number of values.</exception>
    public T[] Predict(ReadOnlySpan<float> values)
    {
        if (values.Length != sample.Length) throw new ArgumentException($"sample: {values.Length} values, but the network takes {sampleShape}, {sample.Length} values.", nameof(values));
        values.CopyTo(sample);
        preparation.Apply(sample, scratch, sampleShape, 0, 0, 0);
        for (var i = 0; i < input.Length; i++) input[i] = T.CreateTruncating(sample[i]);
        var output = execution.Forward(new System.Numerics.Tensors.ReadOnlyTensorSpan<T>(input, inputLengths));
        var result = new T[output.FlattenedLength];
        output.FlattenTo(result);
        if (final == Final.Softmax) ApplySoftmax(result, OutputShape[0]);
        if (final == Final.Sigmoid) System.Numerics.Tensors.TensorPrimitives.Sigmoid<T>(result, result);
        return result;
    }

    /// <summary>
    /// What one of the network's outputs is for the sample last predicted, as its layer gives it: without the softmax or sigmoid that the
    /// loss implies. It is what an exported network gives in any other system.
    /// </summary>
    /// <param name="layer">The last layer, or one of the network's further outputs.</param>
    /// <returns>The elements in row-major order.</returns>
    /// <exception cref="ArgumentException">The layer is no output of the network; the message lists its outputs.</exception>
    public T[] Output(string layer)
    {
        var output = execution.Activation(layer);
        var result = new T[output.FlattenedLength];
        output.FlattenTo(result);
        return result;
    }

    /// <summary>Over the classes of each position: scores [K, o…] become probabilities.</summary>
    private static void ApplySoftmax(Span<T> scores, int classes)
    {
        var positions = scores.Length / classes;
        for (var p = 0; p < positions; p++)
        {
            var largest = scores[p];
            for (var k = 1; k < classes; k++) largest = T.Max(largest, scores[(k * positions) + p]);
            var sum = T.Zero;
            for (var k = 0; k < classes; k++) sum += scores[(k * positions) + p] = T.Exp(scores[(k * positions) + p] - largest);
            for (var k = 0; k < classes; k++) scores[(k * positions) + p] /= sum;
        }
    }
}
