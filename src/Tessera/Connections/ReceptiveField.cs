using System.Globalization;

namespace Tessera.Connections;

/// <summary>Which inputs of a network one position of a layer sees, on every spatial axis; immutable.</summary>
public sealed class ReceptiveField
{
    private readonly AxisReceptiveField[] axes;

    private ReceptiveField(AxisReceptiveField[] axes) => this.axes = axes;

    /// <summary>The field on each axis.</summary>
    public IReadOnlyList<AxisReceptiveField> Axes => axes;

    /// <summary>An input of a given size: each position sees itself.</summary>
    public static ReceptiveField OfInput(Sizes inputSize) => new([.. inputSize.Select(AxisReceptiveField.OfInput)]);

    /// <summary>After a convolution or a pooling with these axes.</summary>
    /// <exception cref="ArgumentException">The axes do not begin with this layer's size.</exception>
    public ReceptiveField Through(IReadOnlyList<AxisGeometry> operatorAxes) => new(Each(operatorAxes, static (field, axis) => field.Through(axis)));

    /// <summary>After the transpose of an operator with these axes.</summary>
    /// <exception cref="ArgumentException">The axes do not end with this layer's size.</exception>
    public ReceptiveField ThroughTranspose(IReadOnlyList<AxisGeometry> operatorAxes) => new(Each(operatorAxes, static (field, axis) => field.ThroughTranspose(axis)));

    /// <summary>After upsampling by whole factors.</summary>
    /// <exception cref="ArgumentException">Their number is not that of the axes.</exception>
    public ReceptiveField ThroughUpsampling(Sizes factors, bool linear) => new(Each(factors, (field, factor) => field.ThroughUpsampling(factor, linear)));

    /// <summary>One position that sees all of this layer (global pooling, flatten and dense).</summary>
    public ReceptiveField ThroughEverything() => new([.. axes.Select(axis => axis.ThroughEverything())]);

    /// <summary>Where two branches meet: what either sees.</summary>
    /// <exception cref="ArgumentException">The branches differ in size.</exception>
    public ReceptiveField Union(ReceptiveField other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new ReceptiveField(Each(other.axes, static (field, branch) => field.Union(branch)));
    }

    /// <summary>The field in words: <c>size 8×8, jump 2×2, start -1×-1</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"size {string.Join('×', axes.Select(axis => axis.Size))}, jump {string.Join('×', axes.Select(axis => axis.Jump.ToString("0.###", CultureInfo.InvariantCulture)))}, start {string.Join('×', axes.Select(axis => axis.Start))}");

    private AxisReceptiveField[] Each<TItem>(IReadOnlyList<TItem> items, Func<AxisReceptiveField, TItem, AxisReceptiveField> go)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count != axes.Length) throw new ArgumentException($"receptive field: {items.Count} axes for a layer of {axes.Length}; give one per spatial axis.", nameof(items));
        return [.. axes.Zip(items, go)];
    }
}
