using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// Z[p] = max over q of V[x(p, q)], and where it stood. The window is walked row-major and only what is larger replaces
/// the best, so the first of equals wins; a NaN replaces any number and nothing replaces it. Vectors hold neighbouring
/// outputs of a row. The winners, if wanted, stand in the operands' kernel.
/// </summary>
internal sealed unsafe class MaxPooling<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly int lanes;
    private readonly int positions;
    private readonly int kernel;
    private readonly int stride;
    private readonly int dilation;
    private readonly int padLow;

    public MaxPooling(AxisGeometry[] geometry, int planes, InstructionSet instructions)
        : this(new PoolingAxes(geometry), planes, instructions)
    {
    }

    private MaxPooling(PoolingAxes axes, int planes, InstructionSet instructions)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        var last = axes.Last;
        (positions, kernel, stride, dilation, padLow) = (last.Output, last.Kernel, last.Stride, last.Dilation, last.PadLow);
        var interior = axes.InteriorEnd - axes.InteriorFirst;
        lanes =
            instructions == InstructionSet.Best && StridedLoad.Has512 && interior >= Vector512<T>.Count ? Vector512<T>.Count
            : instructions != InstructionSet.Portable && StridedLoad.Has256 && interior >= Vector256<T>.Count ? Vector256<T>.Count
            : interior >= Vector128<T>.Count ? Vector128<T>.Count
            : 1;
    }

    public override string Name => $"max pooling, {lanes} positions at once";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var v = operands.Input + (plane * axes.InputPlane);
        var z = operands.Output + (plane * axes.OutputPlane);
        var winners = (int*)operands.Kernel;
        if (winners != null) winners += plane * axes.OutputPlane;
        if (lanes == Vector512<T>.Count) Plane<Vector512<T>, WindowLanes512<T>>(v, z, winners);
        else if (lanes == Vector256<T>.Count) Plane<Vector256<T>, WindowLanes256<T>>(v, z, winners);
        else Plane<Vector128<T>, WindowLanes128<T>>(v, z, winners);
    }

    private void Plane<TVector, TLanes>(T* v, T* z, int* winners)
        where TVector : struct
        where TLanes : struct, IWindowLanes<TVector, T>
    {
        var (first, end) = lanes == 1 ? (positions, positions) : (axes.InteriorFirst, axes.InteriorEnd);
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            for (var p = 0; p < first; p++) One(v, rows, p, z, winners);
            for (var p = first; p < end; p += TLanes.Count)
            {
                // The last vector of a row steps back over outputs that are done already.
                Many<TVector, TLanes>(v, rows, Math.Min(p, end - TLanes.Count), z, winners);
            }

            for (var p = end; p < positions; p++) One(v, rows, p, z, winners);
            z += positions;
            if (winners != null) winners += positions;
        }
    }

    /// <summary>A position whose window may reach over the border: one lane of a vector, because selecting there needs no branch to guess.</summary>
    private void One(T* v, in WindowRows rows, int p, T* z, int* winners)
    {
        var (first, end) = axes.Run[p];
        var x = (p * stride) - padLow;
        var offset = rows.Offset(0) + x + (first * dilation);
        var best = Vector128.CreateScalarUnsafe(v[offset]);
        var winner = WindowLanes128<T>.Number(offset);
        for (var row = 0; row < rows.Count; row++)
        {
            var start = rows.Offset(row) + x;
            for (var q = first; q < end; q++)
            {
                var at = start + (q * dilation);
                WindowLanes128<T>.Take(Vector128.CreateScalarUnsafe(v[at]), WindowLanes128<T>.Number(at), ref best, ref winner);
            }
        }

        z[p] = best[0];
        if (winners != null) winners[p] = sizeof(T) == sizeof(int) ? winner.AsInt32()[0] : (int)winner.AsInt64()[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Many<TVector, TLanes>(T* v, in WindowRows rows, int p, T* z, int* winners)
        where TVector : struct
        where TLanes : struct, IWindowLanes<TVector, T>
    {
        var x = (p * stride) - padLow;
        var offset = rows.Offset(0);
        var best = TLanes.Load(v + offset + x, stride);
        var winner = TLanes.Number(offset);
        for (var row = 0; row < rows.Count; row++)
        {
            offset = rows.Offset(row);
            for (var q = row == 0 ? 1 : 0; q < kernel; q++)
            {
                var at = offset + (q * dilation);
                TLanes.Take(TLanes.Load(v + at + x, stride), TLanes.Number(at), ref best, ref winner);
            }
        }

        TLanes.Store(best, z + p);
        if (winners != null) TLanes.StoreNumbers(winner, x, stride, winners + p);
    }
}
