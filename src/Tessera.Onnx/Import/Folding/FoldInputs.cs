namespace Tessera.Onnx.Import.Folding;

/// <summary>The constants that a folded node takes. One that is left out, or has no element where a number is due, is an error where it is asked for.</summary>
internal sealed class FoldInputs(NodeImport node, NumberArray?[] numbers)
{
    /// <summary>How many there are, those that are left out among them.</summary>
    public int Count => numbers.Length;

    /// <summary>Every one, in order.</summary>
    public IEnumerable<NumberArray> All => Enumerable.Range(0, Count).Select(index => this[index]);

    /// <summary>One that must be there.</summary>
    public NumberArray this[int index] => Optional(index) ?? throw node.Wrong($"input {index} is missing");

    /// <summary>One that may be left out.</summary>
    public NumberArray? Optional(int index) => index < numbers.Length ? numbers[index] : null;

    /// <summary>A single number.</summary>
    public double Number(int index) => this[index].Count > 0 ? this[index].First : throw node.Wrong($"input {index} has no elements");
}
