using System.Numerics;

namespace Tessera.Kernels.Resampling;

/// <summary>dV[source] += weight · G[p], the transpose of <see cref="MapForward{T}"/>, in the order of p.</summary>
internal sealed unsafe class MapGradient<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly MapRows<T> rows;

    public MapGradient(AxisMap[] maps, int planes)
        : this(new MapRows<T>(maps), planes)
    {
    }

    private MapGradient(MapRows<T> rows, int planes)
        : base(planes, (long)rows.OutputRows * rows.Last.Output) => this.rows = rows;

    public override string Name => "transposed map of rows";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = rows.Last;
        var dv = operands.Input + (plane * rows.InputPlane);
        var g = operands.Output + (plane * rows.OutputRows * last.Output);
        if (!operands.Accumulate) new Span<T>(dv, rows.InputPlane).Clear();
        for (var row = 0; row < rows.OutputRows; row++, g += last.Output)
        {
            for (var c = row * rows.Corners; c < (row + 1) * rows.Corners; c++)
            {
                if (rows.Row[c] < 0) continue;
                var to = dv + ((long)rows.Row[c] * last.Input);
                for (var p = 0; p < last.Output; p++)
                {
                    if (last.First[p] < 0) continue;
                    var share = rows.Weight[c] * g[p];
                    if (last.Second is null)
                    {
                        to[last.First[p]] += share;
                        continue;
                    }

                    to[last.First[p]] += (T.One - rows.LastWeight[p]) * share;
                    to[last.Second[p]] += rows.LastWeight[p] * share;
                }
            }
        }
    }
}
