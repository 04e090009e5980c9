namespace Tessera.Connections;

/// <summary>One spatial connection: output position, kernel offset, input position and tile index that meet, each flattened row-major.</summary>
internal readonly record struct Meeting(int Output, int Kernel, int Input, int Tile)
{
    /// <summary>All meetings of an operator, by output position, then by kernel offset; what falls into the padding is left out.</summary>
    public static IEnumerable<Meeting> All(OperatorGeometry geometry)
    {
        foreach (var p in Positions(geometry.OutputSize))
        {
            foreach (var q in Positions(geometry.KernelSize))
            {
                int output = 0, kernel = 0, input = 0, tile = 0;
                var inside = true;
                for (var a = 0; a < p.Length && inside; a++)
                {
                    var axis = geometry.Axes[a];
                    var x = (p[a] * axis.Stride) + axis.Offset(q[a]);
                    inside = x >= 0 && x < axis.Input;
                    output = (output * axis.Output) + p[a];
                    kernel = (kernel * axis.Kernel) + q[a];
                    input = (input * axis.Input) + x;
                    tile = (tile * axis.Tile) + (p[a] % axis.Tile);
                }

                if (inside) yield return new Meeting(output, kernel, input, tile);
            }
        }
    }

    /// <summary>All positions of a box in row-major order; the same array is yielded each time, with new numbers in it.</summary>
    private static IEnumerable<int[]> Positions(Sizes size)
    {
        var position = new int[size.Count];
        while (true)
        {
            yield return position;
            var axis = size.Count - 1;
            while (axis >= 0 && ++position[axis] == size[axis]) position[axis--] = 0;
            if (axis < 0) yield break;
        }
    }
}
