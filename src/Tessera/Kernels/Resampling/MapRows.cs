using System.Numerics;

namespace Tessera.Kernels.Resampling;

/// <summary>
/// The input rows that each output row is made of: for every corner, a bit per leading axis that says first or second,
/// a row number and a weight, or −1 for a row of zeros. Worked out once, since every plane has the same.
/// </summary>
internal sealed class MapRows<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public MapRows(AxisMap[] maps)
    {
        Last = maps[^1];
        LastWeight = Last.Weight is null ? [] : [.. Last.Weight.Select(T.CreateTruncating)];
        var leading = maps[..^1];
        var paired = leading.Count(map => map.Second is not null);
        Corners = 1 << paired;
        OutputRows = leading.Aggregate(1, (product, map) => product * map.Output);
        InputPlane = maps.Aggregate(1, (product, map) => product * map.Input);
        Row = new int[checked(OutputRows * Corners)];
        Weight = new T[Row.Length];
        var position = new int[leading.Length];
        for (var row = 0; row < OutputRows; row++)
        {
            for (int a = leading.Length - 1, rest = row; a >= 0; a--)
            {
                position[a] = rest % leading[a].Output;
                rest /= leading[a].Output;
            }

            for (var corner = 0; corner < Corners; corner++)
            {
                (Row[(row * Corners) + corner], var weight) = Corner(leading, position, corner);
                Weight[(row * Corners) + corner] = T.CreateTruncating(weight);
            }
        }
    }

    /// <summary>The last axis, along which rows run.</summary>
    public AxisMap Last { get; }

    /// <summary>Its weights in T; empty where every position is one input.</summary>
    public T[] LastWeight { get; }

    /// <summary>Input rows per output row.</summary>
    public int Corners { get; }

    public int OutputRows { get; }

    public int InputPlane { get; }

    /// <summary>Input rows by output row and corner; −1 for zeros.</summary>
    public int[] Row { get; }

    /// <summary>Weights by output row and corner.</summary>
    public T[] Weight { get; }

    private static (int Row, double Weight) Corner(AxisMap[] leading, int[] position, int corner)
    {
        var (row, weight) = (0, 1.0);
        for (var a = 0; a < leading.Length; a++)
        {
            var map = leading[a];
            var p = position[a];
            var source = map.First[p];
            if (map.Second is not null)
            {
                var second = (corner & 1) != 0;
                corner >>= 1;
                source = second ? map.Second[p] : source;
                weight *= second ? map.Weight![p] : 1 - map.Weight![p];
            }

            if (source < 0) return (-1, 0);
            row = (row * map.Input) + source;
        }

        return (row, weight);
    }
}
