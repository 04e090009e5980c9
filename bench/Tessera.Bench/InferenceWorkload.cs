using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Bench;

/// <summary>One run of a whole network on a batch of random images, with seeded weights.</summary>
internal sealed record InferenceWorkload(InferenceSubject Subject, int Batch, int Threads)
    : Workload(SuiteNames.Infer, $"{Subject.Name}-b{Batch}", Operation.Forward, Threads)
{
    private float[]? images;

    public static IEnumerable<InferenceWorkload> All(int threads) =>
        from subject in InferenceSubject.All
        from batch in subject.Batches
        select new InferenceWorkload(subject, batch, threads);

    public override double FloatingPointOperations => 2.0 * Batch * Subject.MultiplyAdds;

    public override int Examples => Batch;

    public override double Tolerance => Subject.Tolerance;

    public override double LeastSize => Subject.LeastSize;

    public Sizes InputShape => [Batch, .. Subject.Network.InputShape.AsSpan()];

    public float[] Images()
    {
        if (images is not null) return images;
        var values = new float[InputShape.Product];
        Subject.FillImages(values);
        return images = values;
    }
}
