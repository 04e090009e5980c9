using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import;

/// <summary>What a name of the graph stands for while it is imported.</summary>
internal abstract record Value;

/// <summary>
/// The output of a layer. Its shape is known for batches of two and of three: a size that differs between the two depends on the batch,
/// and everything that the graph computes of shapes is computed for both.
/// </summary>
internal sealed record Flow(string Layer, Sizes AtTwo, Sizes AtThree, OnnxElement Element) : Value
{
    public int Rank => AtTwo.Count;

    /// <summary>Whether it depends on the network's input; a constant's layer does not, and has no batch.</summary>
    public bool HasBatch { get; init; } = true;

    /// <summary>Whether the size on this axis is the same for every batch.</summary>
    public bool IsFixed(int axis) => AtTwo[axis] == AtThree[axis];

    /// <summary>The shape for messages: N where it depends on the batch.</summary>
    public override string ToString() =>
        $"[{string.Join(", ", Enumerable.Range(0, Rank).Select(axis => IsFixed(axis) ? AtTwo[axis].ToString(System.Globalization.CultureInfo.InvariantCulture) : AtThree[axis] - AtTwo[axis] == 1 ? "N" : $"{AtThree[axis] - AtTwo[axis]}·N"))}]";
}

/// <summary>Numbers that do not depend on the input; where they are computed of its shape, for batches of two and of three.</summary>
internal sealed record Known(NumberArray AtTwo, NumberArray AtThree) : Value
{
    public Known(NumberArray always)
        : this(always, always)
    {
    }

    public bool DependsOnBatch { get; } = !AtTwo.SameAs(AtThree);
}

/// <summary>The second output of a max pooling: where its winners stood.</summary>
internal sealed record Winners(Flow Pool, Flow Pooled) : Value
{
    /// <summary>Whether they have been made one row, [elements].</summary>
    public bool IsRow { get; init; }
}

/// <summary>What a node gives that is not read, or what comes of it: the import goes on, so that all such nodes are named in one error.</summary>
internal sealed record Unread : Value;
