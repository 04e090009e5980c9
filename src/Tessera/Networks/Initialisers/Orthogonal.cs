namespace Tessera.Networks.Initialisers;

/// <summary>
/// Each weight matrix (a row for each output; one matrix for each tile position and group) gets orthonormal rows, or
/// columns where it is taller than wide, times a gain (Saxe et al. 2014).
/// </summary>
/// <param name="Gain">What the matrix is multiplied by; √2 suits rectified linear units.</param>
/// <param name="Distribution">What the numbers are drawn from before they are made orthogonal; normal gives the uniform distribution over rotations.</param>
public sealed record Orthogonal(double Gain = 1, Distribution Distribution = Distribution.Normal) : Initialiser
{
    /// <inheritdoc/>
    public override string Kind => "orthogonal";

    internal override void Fill<T>(Span<T> values, ParameterDescription parameter, string name, ref RandomSource random)
    {
        if (parameter.HasRaggedRows)
        {
            throw new ArgumentException($"{name}: orthogonal initialisation needs rows of one length, but a connection table gives each output its own; use He, Glorot or LeCun.");
        }

        int rows = parameter.Matrices[1], columns = parameter.Matrices[2];
        var matrix = new double[Math.Min(rows, columns), Math.Max(rows, columns)];
        for (var block = 0; block < parameter.Matrices[0]; block++)
        {
            Draw(matrix, ref random);
            var part = values.Slice(block * rows * columns, rows * columns);
            for (var row = 0; row < rows; row++)
            {
                for (var column = 0; column < columns; column++)
                {
                    part[(row * columns) + column] = T.CreateTruncating(Gain * (rows <= columns ? matrix[row, column] : matrix[column, row]));
                }
            }
        }
    }

    /// <summary>Rows drawn one by one and made orthonormal to those before (Gram and Schmidt, twice over for rounding).</summary>
    private void Draw(double[,] matrix, ref RandomSource random)
    {
        int rows = matrix.GetLength(0), columns = matrix.GetLength(1);
        for (var row = 0; row < rows; row++)
        {
            double norm;
            do
            {
                for (var column = 0; column < columns; column++)
                {
                    matrix[row, column] = Distribution == Distribution.Normal ? random.NextNormal() : (random.NextDouble() * 2) - 1;
                }

                for (var other = 0; other < row * 2; other++) Project(matrix, row, other % row);
                norm = Math.Sqrt(Dot(matrix, row, row));
            }
            while (norm < 1e-6);
            for (var column = 0; column < columns; column++) matrix[row, column] /= norm;
        }
    }

    private static void Project(double[,] matrix, int row, int other)
    {
        var dot = Dot(matrix, row, other);
        for (var column = 0; column < matrix.GetLength(1); column++) matrix[row, column] -= dot * matrix[other, column];
    }

    private static double Dot(double[,] matrix, int row, int other)
    {
        var dot = 0.0;
        for (var column = 0; column < matrix.GetLength(1); column++) dot += matrix[row, column] * matrix[other, column];
        return dot;
    }
}
