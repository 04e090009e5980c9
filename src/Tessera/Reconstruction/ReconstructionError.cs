using System.Numerics;
using Tessera.Data;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>The mean square of what a model's reconstruction misses of an element, over a dataset.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <param name="model">The model.</param>
/// <param name="preparation">What is done to samples first: their normalisation.</param>
public sealed class ReconstructionError<T>(IReconstructor<T> model, Augmentation preparation)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] input = new T[model.Batch * model.SampleShape.Product];
    private readonly T[] output = new T[model.Batch * model.SampleShape.Product];

    /// <summary>The error; the sum is taken in double, example by example.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public double Of(Dataset data, CancellationToken cancellation = default) => Of(data, null, cancellation);

    /// <summary>The same of the parts of a learner up to a stage alone; the sum is taken in double, example by example.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    internal double Of(Dataset data, int? stage, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(data);
        DataFit.CheckSamples(data, model.SampleShape, "data");
        var loader = new BatchLoader<T>(data, new BatchOptions { Size = Math.Min(model.Batch, data.Count), Augmentation = preparation });
        loader.Start(0);
        double sum = 0;
        while (loader.Next())
        {
            cancellation.ThrowIfCancellationRequested();
            // A last batch that is not full runs beside what the one before it left; examples do not touch each other.
            var samples = loader.Current.Inputs.Span;
            samples.CopyTo(input);
            if (stage is { } part) ((ILearner<T>)model).Reconstruct(input, part, output);
            else model.Reconstruct(input, output);
            for (var i = 0; i < samples.Length; i++)
            {
                var missed = double.CreateTruncating(samples[i] - output[i]);
                sum += missed * missed;
            }
        }

        return sum / (data.Count * (double)model.SampleShape.Product);
    }
}
