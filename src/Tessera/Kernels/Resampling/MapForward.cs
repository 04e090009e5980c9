using System.Numerics;

namespace Tessera.Kernels.Resampling;

/// <summary>Z[p] = Σ over corners of weight · V[source], each output row from the few input rows that it is made of.</summary>
internal sealed unsafe class MapForward<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly MapRows<T> rows;

    public MapForward(AxisMap[] maps, int planes)
        : this(new MapRows<T>(maps), planes)
    {
    }

    private MapForward(MapRows<T> rows, int planes)
        : base(planes, (long)rows.OutputRows * rows.Last.Output) => this.rows = rows;

    public override string Name => "map of rows";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = rows.Last;
        var v = operands.Input + (plane * rows.InputPlane);
        var z = operands.Output + (plane * rows.OutputRows * last.Output);
        for (var row = 0; row < rows.OutputRows; row++, z += last.Output)
        {
            if (last.Second is null && rows.Corners == 1) Copy(rows.Row[row], v, z);
            else Blend(row * rows.Corners, v, z);
        }
    }

    private void Copy(int row, T* v, T* z)
    {
        var last = rows.Last;
        if (row < 0)
        {
            new Span<T>(z, last.Output).Clear();
            return;
        }

        var from = v + ((long)row * last.Input);
        var run = last.RunLength == 0 ? last.Output : last.RunStart;
        for (var p = 0; p < run; p++) z[p] = last.First[p] < 0 ? T.Zero : from[last.First[p]];
        if (last.RunLength == 0) return;
        new ReadOnlySpan<T>(from + last.First[run], last.RunLength).CopyTo(new Span<T>(z + run, last.RunLength));
        for (var p = run + last.RunLength; p < last.Output; p++) z[p] = last.First[p] < 0 ? T.Zero : from[last.First[p]];
    }

    private void Blend(int corner, T* v, T* z)
    {
        var last = rows.Last;
        for (var p = 0; p < last.Output; p++)
        {
            var sum = T.Zero;
            for (var c = corner; c < corner + rows.Corners; c++)
            {
                var from = v + ((long)rows.Row[c] * last.Input);
                var value = from[last.First[p]];
                if (last.Second is not null) value += rows.LastWeight[p] * (from[last.Second[p]] - value);
                sum += rows.Weight[c] * value;
            }

            z[p] = sum;
        }
    }
}
