namespace Tessera.Connections;

/// <summary>
/// Where every element of a dense tensor is copied from in another: axis by axis, the axes standing in another order in the source.
/// Permuting, slicing, gathering, repeating, bordering and joining tensors are such maps; so are their adjoints.
/// </summary>
internal sealed class CopyMap
{
    private readonly CopyAxis[] axes;
    private readonly int[] order;

    /// <param name="axes">The axes in the target's order.</param>
    /// <param name="order">For each, its place among the source's axes; the same place where left out.</param>
    public CopyMap(CopyAxis[] axes, int[]? order = null) => (this.axes, this.order) = (axes, order ?? [.. Enumerable.Range(0, axes.Length)]);

    /// <summary>The axes in the target's order.</summary>
    public IReadOnlyList<CopyAxis> Axes => axes;

    /// <summary>Whether the axes stand in the same order in both tensors.</summary>
    public bool KeepsOrder => order.Select(static (place, axis) => place == axis).All(static same => same);

    /// <summary>The distance between neighbours of each axis in the target, in elements.</summary>
    public long[] TargetStrides => Sizes.Create([.. axes.Select(static axis => axis.Target)]).RowMajorStrides();

    /// <summary>The distance between neighbours of each of these axes in the source, in elements.</summary>
    public long[] SourceStrides
    {
        get
        {
            var sizes = new int[axes.Length];
            for (var axis = 0; axis < axes.Length; axis++) sizes[order[axis]] = axes[axis].Source;
            var strides = Sizes.Create(sizes).RowMajorStrides();
            return [.. order.Select(place => strides[place])];
        }
    }

    /// <summary>The adjoint, from the target to the source.</summary>
    public CopyMap Transposed()
    {
        var (turned, places) = (new CopyAxis[axes.Length], new int[axes.Length]);
        for (var axis = 0; axis < axes.Length; axis++) (turned[order[axis]], places[order[axis]]) = (axes[axis].Transposed(), axis);
        return new CopyMap(turned, places);
    }
}
