using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Forward of the fully connected operator (see <see cref="FullyConnected{TVector, T, TLanes}"/>) for few examples:
/// Z[n, m] = b[m] + Σ_i K[m, i] · V[n, i] as products of rows with rows, both read where they stand. With few examples the
/// kernel is read about once, so that to pack it would cost as much as the product. A job is a block of outputs.
/// </summary>
internal sealed unsafe class FullyConnectedRows<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>The most examples that this is meant for.</summary>
    public const int MostExamples = 8;

    private const int TileRows = 4;
    private const int JobRows = 16;

    private readonly int batch;
    private readonly int groups;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int jobsPerGroup;

    public FullyConnectedRows(OperatorGeometry geometry, int batch)
    {
        this.batch = batch;
        groups = geometry.Groups;
        outputs = geometry.OutputChannels / groups;
        inputs = (int)(geometry.InputChannels / groups * geometry.InputSize.Product);
        jobsPerGroup = (outputs + JobRows - 1) / JobRows;
        Stages = [checked(groups * jobsPerGroup)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"fully connected: {batch} rows with {outputs} rows of {inputs}, {TLanes.Name} vectors");

    public override IReadOnlyList<int> Stages { get; }

    public override bool AddsBias => true;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var group = Math.DivRem(job, jobsPerGroup, out var block);
        nint inputImage = (nint)groups * inputs, outputImage = (nint)groups * outputs;
        var end = Math.Min(outputs, (block + 1) * JobRows);
        for (var m = block * JobRows; m < end; m += TileRows)
        {
            var first = (group * outputs) + m;
            var count = Math.Min(TileRows, end - m);
            var k = operands.Kernel + ((nint)first * inputs);
            var bias = operands.Bias == null ? null : operands.Bias + first;
            var v = operands.Input + ((nint)group * inputs);
            var z = operands.Output + first;
            var n = 0;
            for (; n + 2 <= batch; n += 2, v += 2 * inputImage, z += 2 * outputImage) Tile<Two>(k, count, v, inputImage, bias, z, outputImage, operands.Accumulate);
            if (n < batch) Tile<One>(k, count, v, 0, bias, z, 0, operands.Accumulate);
        }
    }

    /// <summary>Up to four outputs of one or two examples.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile<TExamples>(T* k, int count, T* v, nint image, T* bias, T* z, nint outputImage, bool add)
        where TExamples : unmanaged, ICount
    {
        // Outputs beyond the last repeat it: they are computed and not stored.
        T* k1 = k + (Math.Min(1, count - 1) * (nint)inputs), k2 = k + (Math.Min(2, count - 1) * (nint)inputs), k3 = k + (Math.Min(3, count - 1) * (nint)inputs);
        var u = v + image;
        TVector v0 = TLanes.Zero, v1 = v0, v2 = v0, v3 = v0, u0 = v0, u1 = v0, u2 = v0, u3 = v0;
        nint i = 0, end = inputs - TLanes.Count;
        for (; i <= end; i += TLanes.Count)
        {
            var x = TLanes.Load(v + i);
            var y = sizeof(TExamples) > 1 ? TLanes.Load(u + i) : x;
            var w = TLanes.Load(k + i);
            v0 = TLanes.MultiplyAdd(w, x, v0);
            if (sizeof(TExamples) > 1) u0 = TLanes.MultiplyAdd(w, y, u0);
            w = TLanes.Load(k1 + i);
            v1 = TLanes.MultiplyAdd(w, x, v1);
            if (sizeof(TExamples) > 1) u1 = TLanes.MultiplyAdd(w, y, u1);
            w = TLanes.Load(k2 + i);
            v2 = TLanes.MultiplyAdd(w, x, v2);
            if (sizeof(TExamples) > 1) u2 = TLanes.MultiplyAdd(w, y, u2);
            w = TLanes.Load(k3 + i);
            v3 = TLanes.MultiplyAdd(w, x, v3);
            if (sizeof(TExamples) > 1) u3 = TLanes.MultiplyAdd(w, y, u3);
        }

        Span<T> sums = [TLanes.Sum(v0), TLanes.Sum(v1), TLanes.Sum(v2), TLanes.Sum(v3), TLanes.Sum(u0), TLanes.Sum(u1), TLanes.Sum(u2), TLanes.Sum(u3)];
        for (var n = 0; n < sizeof(TExamples); n++, v += image, z += outputImage)
        {
            for (var r = 0; r < count; r++)
            {
                var sum = sums[(n * TileRows) + r];
                for (var j = i; j < inputs; j++) sum += k[(r * (nint)inputs) + j] * v[j];
                if (bias != null) sum += bias[r];
                z[r] = add ? z[r] + sum : sum;
            }
        }
    }
}
