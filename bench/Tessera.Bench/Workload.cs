namespace Tessera.Bench;

/// <summary>What the contestants of one row do: how it is called, and how much work one run of it is.</summary>
internal abstract record Workload(string Suite, string Name, Operation Operation, int Threads)
{
    /// <summary>Floating-point operations of one run, by the plain algorithm.</summary>
    public abstract double FloatingPointOperations { get; }

    /// <summary>The examples in one run's batch.</summary>
    public abstract int Examples { get; }

    /// <summary>Bytes that one run must move at the least, or 0 where that says nothing.</summary>
    public virtual double Bytes => 0;

    /// <summary>How far results of different systems may lie apart, in parts of the largest value.</summary>
    public virtual double Tolerance => Agreement.Tolerance;

    /// <summary>The largest value is taken to be at least this: outputs that are nearly zero everywhere say little about each other.</summary>
    public virtual double LeastSize => 0;

    /// <summary>Whether it is timed unless other operations are asked for.</summary>
    public virtual bool IsUsual => true;

    /// <summary>What every line about it begins with.</summary>
    public IReadOnlyList<Column> Columns() =>
    [
        new("suite", null, 0, Suite),
        new("shape", "shape", -15, Name),
        new("operation", "operation", -16, Operation.Name()),
        new("threads", "threads", 7, Threads),
    ];
}

/// <summary>One operation of one shape, with the numbers that every contestant is given.</summary>
internal sealed record ConvolutionWorkload : Workload
{
    private readonly Lazy<float[]> input;
    private readonly Lazy<float[]> kernel;
    private readonly Lazy<float[]> outputGradient;

    public ConvolutionWorkload(Shape shape, Operation operation, int threads)
        : base(shape.Suite, shape.Name, operation, threads)
    {
        Shape = shape;
        input = new(() => Random(shape.InputShape, 1));
        kernel = new(() => Random(shape.KernelShape, 2));
        outputGradient = new(() => Random(shape.OutputShape, 3));
    }

    public Shape Shape { get; }

    public float[] Input => input.Value;

    public float[] Kernel => kernel.Value;

    public float[] OutputGradient => outputGradient.Value;

    public override double FloatingPointOperations => Shape.FloatingPointOperations * (Operation == Operation.ForwardBackward ? 3 : 1);

    public override int Examples => Shape.Batch;

    public override double Bytes =>
        4.0 * (Shape.InputShape.Product + Shape.KernelShape.Product + Shape.OutputShape.Product) * (Operation == Operation.ForwardBackward ? 3 : 1);

    public override bool IsUsual => Suite is SuiteNames.Unshared or SuiteNames.Tiled
        ? Operation is Operation.Forward or Operation.ForwardBackward
        : Operation != Operation.ForwardBackward;

    /// <summary>The kernel with zeros where a table connects nothing: what the peers compute with.</summary>
    public float[] DenseKernel()
    {
        if (Shape.TableInputs is not { } seen) return Kernel;
        var dense = new float[Shape.DenseKernelShape.Product];
        foreach (var (packed, place) in TablePlaces(seen)) Kernel.AsSpan(packed, Plane).CopyTo(dense.AsSpan(place));
        return dense;
    }

    /// <summary>The connected planes of a dense kernel (or of its gradient), in the table's order.</summary>
    public float[] Packed(float[] dense)
    {
        if (Shape.TableInputs is not { } seen) return dense;
        var result = new float[Shape.KernelShape.Product];
        foreach (var (packed, place) in TablePlaces(seen)) dense.AsSpan(place, Plane).CopyTo(result.AsSpan(packed));
        return result;
    }

    private int Plane => (int)Shape.Kernel.Product;

    private IEnumerable<(int Packed, int Dense)> TablePlaces(int seen)
    {
        var packed = 0;
        var rows = Shape.Table(seen);
        for (var output = 0; output < rows.Length; output++)
        {
            foreach (var channel in rows[output])
            {
                yield return (packed, ((output * Shape.InputChannels) + channel) * Plane);
                packed += Plane;
            }
        }
    }

    private static float[] Random(Sizes sizes, int key)
    {
        var source = new RandomSource(9, key);
        var values = new float[sizes.Product];
        foreach (ref var value in values.AsSpan()) value = (float)((source.NextDouble() * 2) - 1);
        return values;
    }
}
