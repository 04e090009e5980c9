using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import;

/// <summary>Numbers of a graph that do not depend on its input: an initialiser, a constant, or what was computed of those while importing.</summary>
internal sealed class NumberArray
{
    private readonly OnnxTensor? tensor;
    private double[]? values;

    /// <summary>The numbers of a file's tensor; they are taken out of it when somebody computes with them.</summary>
    public NumberArray(OnnxTensor tensor)
    {
        this.tensor = tensor;
        Element = tensor.Element;
        Shape = tensor.Shape;
    }

    public NumberArray(OnnxElement element, Sizes shape, double[] values)
    {
        Element = element;
        Shape = shape;
        this.values = values;
    }

    /// <summary>What the graph says one number is; all are held in double.</summary>
    public OnnxElement Element { get; }

    public Sizes Shape { get; }

    public int Count => tensor?.Count ?? values!.Length;

    public double[] Values => values ??= tensor!.ToDoubles();

    /// <summary>The first number; the others are not taken out of the file for it.</summary>
    public double First => values is null ? tensor!.First : values[0];

    public static NumberArray Integers(params ReadOnlySpan<int> values)
    {
        var numbers = new double[values.Length];
        for (var index = 0; index < numbers.Length; index++) numbers[index] = values[index];
        return new NumberArray(OnnxElement.Int64, [numbers.Length], numbers);
    }

    /// <summary>The numbers as a network's parameter takes them.</summary>
    public void CopyTo(Span<float> to)
    {
        if (tensor is not null)
        {
            tensor.CopyTo(to);
            return;
        }

        for (var index = 0; index < to.Length; index++) to[index] = (float)values![index];
    }

    public bool SameAs(NumberArray other) => ReferenceEquals(this, other) || (Element == other.Element && Shape == other.Shape && Values.AsSpan().SequenceEqual(other.Values));
}
