using System.Numerics;
using Tessera.Connections;

namespace Tessera.Operators;

/// <summary>
/// A matrix in compressed sparse rows: row r holds the elements from RowStarts[r] to RowStarts[r + 1] of
/// <see cref="Columns"/> (rising within a row) and <see cref="Values"/>.
/// </summary>
public sealed class SparseMatrix<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal SparseMatrix(int rowCount, int columnCount, int[] rowStarts, int[] columns, T[] values)
    {
        RowCount = rowCount;
        ColumnCount = columnCount;
        RowStarts = rowStarts;
        Columns = columns;
        Values = values;
    }

    /// <summary>The number of rows, M·∏o for an operator.</summary>
    public int RowCount { get; }

    /// <summary>The number of columns, C·∏i for an operator.</summary>
    public int ColumnCount { get; }

    /// <summary>Where each row begins, and as last the number of stored elements.</summary>
    public IReadOnlyList<int> RowStarts { get; }

    /// <summary>The column of each stored element.</summary>
    public IReadOnlyList<int> Columns { get; }

    /// <summary>The value of each stored element.</summary>
    public IReadOnlyList<T> Values { get; }

    /// <summary>A v.</summary>
    /// <exception cref="ArgumentException">The vector's length is not the number of columns.</exception>
    public T[] Multiply(ReadOnlySpan<T> vector)
    {
        CheckLength(vector.Length, ColumnCount, "columns");
        var product = new T[RowCount];
        for (var row = 0; row < RowCount; row++)
        {
            for (var i = RowStarts[row]; i < RowStarts[row + 1]; i++) product[row] += Values[i] * vector[Columns[i]];
        }

        return product;
    }

    /// <summary>Aᵀ g.</summary>
    /// <exception cref="ArgumentException">The vector's length is not the number of rows.</exception>
    public T[] MultiplyTransposed(ReadOnlySpan<T> vector)
    {
        CheckLength(vector.Length, RowCount, "rows");
        var product = new T[ColumnCount];
        for (var row = 0; row < RowCount; row++)
        {
            for (var i = RowStarts[row]; i < RowStarts[row + 1]; i++) product[Columns[i]] += Values[i] * vector[row];
        }

        return product;
    }

    /// <summary>The matrix A(K) of an operator for one example: each kernel element stands wherever the operator uses it.</summary>
    /// <param name="geometry">The operator.</param>
    /// <param name="kernel">K, row-major.</param>
    internal static SparseMatrix<T> Of(OperatorGeometry geometry, ReadOnlySpan<T> kernel)
    {
        if (geometry.MultiplyAdds > Array.MaxLength)
        {
            throw new ArgumentException($"matrix: the operator has {geometry.MultiplyAdds} connections, more than {Array.MaxLength} that one matrix can store; use a smaller input.", nameof(geometry));
        }

        int inputs = (int)geometry.InputSize.Product, outputs = (int)geometry.OutputSize.Product, volume = (int)geometry.KernelSize.Product;
        var rowStarts = new int[(geometry.OutputChannels * outputs) + 1];
        var columns = new int[geometry.MultiplyAdds];
        var values = new T[geometry.MultiplyAdds];
        var byPosition = Meeting.All(geometry).GroupBy(at => at.Output).ToDictionary(at => at.Key, at => at.OrderBy(m => m.Input).ToArray());
        var next = 0;
        for (var m = 0; m < geometry.OutputChannels; m++)
        {
            for (var p = 0; p < outputs; p++)
            {
                for (var i = 0; i < geometry.FanIn(m); i++)
                {
                    foreach (var at in byPosition.GetValueOrDefault(p) ?? [])
                    {
                        columns[next] = (geometry.InputChannel(m, i) * inputs) + at.Input;
                        values[next++] = kernel[(((at.Tile * geometry.PairCount) + geometry.FirstPair(m) + i) * volume) + at.Kernel];
                    }
                }

                rowStarts[(m * outputs) + p + 1] = next;
            }
        }

        return new SparseMatrix<T>(geometry.OutputChannels * outputs, geometry.InputChannels * inputs, rowStarts, columns, values);
    }

    private static void CheckLength(int given, int wanted, string what)
    {
        if (given != wanted) throw new ArgumentException($"matrix: a vector of {given} elements for {wanted} {what}; give {wanted}.");
    }
}
