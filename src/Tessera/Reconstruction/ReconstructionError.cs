using System.Numerics;
using Tessera.Data;

namespace Tessera.Reconstruction;

/// <summary>The mean square of what a model's reconstruction misses of an element, over a dataset.</summary>
/// <param name="model">The model.</param>
/// <param name="preparation">What is done to samples first: their normalisation.</param>
internal sealed class ReconstructionError<T>(ILearner<T> model, Augmentation preparation)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] input = new T[model.Batch * model.SampleShape.Product];
    private readonly T[] output = new T[model.Batch * model.SampleShape.Product];

    /// <summary>The error of the parts up to a stage; the sum is taken in double, example by example.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public double Of(Dataset data, int stage, CancellationToken cancellation)
    {
        var loader = new BatchLoader<T>(data, new BatchOptions { Size = Math.Min(model.Batch, data.Count), Augmentation = preparation });
        loader.Start(0);
        double sum = 0;
        while (loader.Next())
        {
            cancellation.ThrowIfCancellationRequested();
            // A last batch that is not full runs beside what the one before it left; examples do not touch each other.
            var samples = loader.Current.Inputs.Span;
            samples.CopyTo(input);
            model.Reconstruct(input, stage, output);
            for (var i = 0; i < samples.Length; i++)
            {
                var missed = double.CreateTruncating(samples[i] - output[i]);
                sum += missed * missed;
            }
        }

        return sum / (data.Count * (double)model.SampleShape.Product);
    }
}
