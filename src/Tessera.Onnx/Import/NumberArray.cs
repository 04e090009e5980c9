using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import;

/// <summary>Numbers of a graph that do not depend on its input: an initialiser, a constant, or what was computed of those while importing.</summary>
internal sealed class NumberArray
{
    private readonly OnnxTensor? tensor;
    private readonly double? filling;
    private readonly Action? beforeFilling;
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

    /// <summary>One number everywhere; there is memory for all of them when somebody computes with them.</summary>
    /// <param name="element">What the graph says it is.</param>
    /// <param name="shape">The shape, of at most 2³¹ − 1 elements.</param>
    /// <param name="filling">The number.</param>
    /// <param name="beforeFilling">Called before that memory is taken, to refuse it.</param>
    public NumberArray(OnnxElement element, Sizes shape, double filling, Action beforeFilling)
    {
        Element = element;
        Shape = shape;
        this.filling = filling;
        this.beforeFilling = beforeFilling;
    }

    /// <summary>What the graph says one number is; all are held in double.</summary>
    public OnnxElement Element { get; }

    public Sizes Shape { get; }

    public int Count => tensor?.Count ?? values?.Length ?? (int)Shape.Product;

    public double[] Values => values ??= tensor?.ToDoubles() ?? Filled();

    /// <summary>Whether the numbers have memory or lie in the file already.</summary>
    public bool IsHeld => filling is null || values is not null;

    /// <summary>The first number; the others are not taken out of the file for it.</summary>
    public double First => filling ?? (values is null ? tensor!.First : values[0]);

    /// <summary>Whether all of them are 0.</summary>
    public bool IsZero => filling is { } number ? number == 0 : Values.AsSpan().IndexOfAnyExcept(0) < 0;

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

        if (filling is { } number) to.Fill((float)number);
        for (var index = 0; filling is null && index < to.Length; index++) to[index] = (float)values![index];
    }

    public bool SameAs(NumberArray other) => ReferenceEquals(this, other)
        || (Element == other.Element && Shape == other.Shape && (filling is not null && other.filling is not null ? filling == other.filling : Values.AsSpan().SequenceEqual(other.Values)));

    private double[] Filled()
    {
        beforeFilling!();
        var numbers = new double[Count];
        Array.Fill(numbers, filling!.Value);
        return numbers;
    }
}
