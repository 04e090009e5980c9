using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// Normalisation of rows, each by its own mean and variance: by instance, group or layer. With x̂ = (x − mean) / √(variance + ε) and h = scale · g over the n
/// elements of a row, dx = (h − Σh / n − x̂ Σ(h x̂) / n) / √(variance + ε); the parameters' gradients Σ g x̂ and Σ g are over the rows that share them. Sums over
/// pieces of a row are in T, sums of those in double, always in the same order.
/// </summary>
internal sealed unsafe class RowNormalisationExecution<T>(NormalisedRows rows, double epsilon, bool hasShift, bool training) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int ParameterStage = 1;
    private const int InputStage = 2;
    private const int Scale = 0;
    private const int Shift = 1;

    /// <summary>Rows over which single parameters' gradients are summed in T.</summary>
    private const int RowsInT = 16;

    private readonly NormalisedRows rows = rows;

    public override Overlay Output => Overlay.Overwrite;

    public override Overlay InputGradient => Overlay.Overwrite;

    public override bool BackwardReadsInputs => true;

    /// <summary>Each row's mean and 1 / √(variance + ε), in double.</summary>
    public override long StateBytes => training ? rows.Rows * 2 * sizeof(double) : 0;

    private int RowsPerJob => (int)Math.Max(1, 8 * Chunks.Elements / rows.Length);

    private int RowJobs => (int)((rows.Rows + RowsPerJob - 1) / RowsPerJob);

    /// <summary>Blocks of a row's parameters where each has an element; else each parameter is a job.</summary>
    private int ParameterBlocks => rows.Run > 1 ? rows.Segments : (rows.Segments + Chunks.Elements - 1) / Chunks.Elements;

    public override void Forward() => Run(ForwardStage, RowJobs);

    public override void Backward()
    {
        // First, for the input's gradient may stand where the output's stands.
        Run(ParameterStage, rows.Period * ParameterBlocks);
        if (Memory.InputGradients[0] != null) Run(InputStage, RowJobs);
    }

    protected override void Execute(int stage, int job)
    {
        if (stage == ParameterStage)
        {
            var (row, block) = Math.DivRem(job, ParameterBlocks);
            if (rows.Run > 1) SumOfSegments(row, block);
            else SumsOfElements(row, block * Chunks.Elements);
            return;
        }

        var end = Math.Min(rows.Rows, (job + 1L) * RowsPerJob);
        for (var row = (long)job * RowsPerJob; row < end; row++)
        {
            if (stage == ForwardStage) Normalise(row, Measure(row));
            else Spread(row);
        }
    }

    private (double Mean, double Inverse) Measure(long row)
    {
        var x = Memory.Inputs[0] + (row * rows.Length);
        // Around the mean of the first piece, which is near enough to the mean of all for the squares to lose next to nothing.
        var first = new ReadOnlySpan<T>(x, (int)Math.Min(Chunks.Elements, rows.Length));
        var centre = TensorPrimitives.Sum(first) / T.CreateTruncating(first.Length);
        double sum = 0, squares = 0;
        for (long at = 0; at < rows.Length; at += Chunks.Elements)
        {
            var (ofPiece, squaresOfPiece) = NormalisationSums.Moments(new ReadOnlySpan<T>(x + at, (int)Math.Min(Chunks.Elements, rows.Length - at)), centre);
            sum += double.CreateTruncating(ofPiece);
            squares += double.CreateTruncating(squaresOfPiece);
        }

        var offset = sum / rows.Length;
        var mean = double.CreateTruncating(centre) + offset;
        // Math.Max keeps NaN, so that values which are not finite stay visible.
        var inverse = 1 / Math.Sqrt(Math.Max(0, (squares / rows.Length) - (offset * offset)) + epsilon);
        if (training)
        {
            ((double*)Memory.State)[row] = mean;
            ((double*)Memory.State)[rows.Rows + row] = inverse;
        }

        return (mean, inverse);
    }

    private void Normalise(long row, (double Mean, double Inverse) statistics)
    {
        var start = row * rows.Length;
        var parameter = rows.FirstParameter(row);
        var mean = T.CreateTruncating(statistics.Mean);
        var rest = statistics.Mean - double.CreateTruncating(mean);
        if (rows.Run == 1)
        {
            var standard = new AffineFunction<T>(mean, T.CreateTruncating(statistics.Inverse), T.CreateTruncating(-rest * statistics.Inverse));
            for (var at = 0; at < rows.Segments; at += Chunks.Elements) NormaliseElements(start, parameter, at, standard);
            return;
        }

        for (var segment = 0; segment < rows.Segments; segment++)
        {
            var factor = double.CreateTruncating(Memory.Parameters[Scale][parameter + segment]) * statistics.Inverse;
            var shift = (hasShift ? double.CreateTruncating(Memory.Parameters[Shift][parameter + segment]) : 0) - (rest * factor);
            var x = Segment(Memory.Inputs[0], row, segment);
            VectorLoops.Map<T, AffineFunction<T>>(
                x, x, Segment(Memory.Output, row, segment), new AffineFunction<T>(mean, T.CreateTruncating(factor), T.CreateTruncating(shift)));
        }
    }

    private void NormaliseElements(long start, long parameter, int at, AffineFunction<T> standard)
    {
        var length = Math.Min(Chunks.Elements, rows.Segments - at);
        var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start + at, length);
        var y = new Span<T>(Memory.Output + start + at, length);
        VectorLoops.Map(x, x, y, standard);
        TensorPrimitives.Multiply(y, new ReadOnlySpan<T>(Memory.Parameters[Scale] + parameter + at, length), y);
        if (hasShift) TensorPrimitives.Add(y, new ReadOnlySpan<T>(Memory.Parameters[Shift] + parameter + at, length), y);
        Subnormals.Flush(y);
    }

    /// <summary>The gradients of a parameter that is a whole segment's.</summary>
    private void SumOfSegments(int firstRow, int segment)
    {
        double sum = 0, product = 0;
        for (long row = firstRow; row < rows.Rows; row += rows.Period)
        {
            var (ofRow, productOfRow) = Sums(row, Segment(Memory.OutputGradient, row, segment), Segment(Memory.Inputs[0], row, segment));
            sum += ofRow;
            product += productOfRow;
        }

        var parameter = rows.FirstParameter(firstRow) + segment;
        Memory.ParameterGradients[Scale][parameter] = T.CreateTruncating(product);
        if (hasShift) Memory.ParameterGradients[Shift][parameter] = T.CreateTruncating(sum);
    }

    /// <summary>The gradients of a block of parameters that have an element in each of their rows.</summary>
    [SkipLocalsInit]
    private void SumsOfElements(int firstRow, int at)
    {
        var length = Math.Min(Chunks.Elements, rows.Segments - at);
        Span<T> product = stackalloc T[Chunks.Elements], sum = stackalloc T[Chunks.Elements], standard = stackalloc T[Chunks.Elements];
        Span<double> products = stackalloc double[Chunks.Elements], sums = stackalloc double[Chunks.Elements];
        product = product[..length];
        sum = sum[..length];
        standard = standard[..length];
        products[..length].Clear();
        sums[..length].Clear();
        for (long row = firstRow; row < rows.Rows;)
        {
            product.Clear();
            sum.Clear();
            for (var i = 0; i < RowsInT && row < rows.Rows; i++, row += rows.Period)
            {
                var g = new ReadOnlySpan<T>(Memory.OutputGradient + (row * rows.Length) + at, length);
                var x = new ReadOnlySpan<T>(Memory.Inputs[0] + (row * rows.Length) + at, length);
                VectorLoops.Map(x, x, standard, Standard(row));
                TensorPrimitives.MultiplyAdd(g, standard, product, product);
                TensorPrimitives.Add(g, sum, sum);
            }

            for (var i = 0; i < length; i++)
            {
                products[i] += double.CreateTruncating(product[i]);
                sums[i] += double.CreateTruncating(sum[i]);
            }
        }

        var parameter = rows.FirstParameter(firstRow) + at;
        for (var i = 0; i < length; i++)
        {
            Memory.ParameterGradients[Scale][parameter + i] = T.CreateTruncating(products[i]);
            if (hasShift) Memory.ParameterGradients[Shift][parameter + i] = T.CreateTruncating(sums[i]);
        }
    }

    private void Spread(long row)
    {
        double mean = ((double*)Memory.State)[row], inverse = ((double*)Memory.State)[rows.Rows + row];
        var parameter = rows.FirstParameter(row);
        var (sum, product) = rows.Run == 1 ? SumsOfScaled(row, parameter) : SumsOfSegments(row, parameter);
        var constant = T.CreateTruncating(inverse * sum / rows.Length);
        var slope = T.CreateTruncating(inverse * inverse * product / rows.Length);
        for (var segment = 0; rows.Run > 1 && segment < rows.Segments; segment++)
        {
            var factor = T.CreateTruncating(double.CreateTruncating(Memory.Parameters[Scale][parameter + segment]) * inverse);
            var function = new NormalisationGradient<T>(factor, constant, slope, T.CreateTruncating(mean));
            var start = (row * rows.Length) + ((long)segment * rows.Run);
            for (var at = 0; at < rows.Run; at += Chunks.Elements) Give(start + at, Math.Min(Chunks.Elements, rows.Run - at), null, function);
        }

        var scaled = new NormalisationGradient<T>(T.CreateTruncating(inverse), constant, slope, T.CreateTruncating(mean));
        for (var at = 0; rows.Run == 1 && at < rows.Segments; at += Chunks.Elements)
        {
            Give((row * rows.Length) + at, Math.Min(Chunks.Elements, rows.Segments - at), Memory.Parameters[Scale] + parameter + at, scaled);
        }
    }

    /// <summary>The gradient of a piece, to the input; where each element has a scale of its own, it is multiplied by those first.</summary>
    [SkipLocalsInit]
    private void Give(long start, int length, T* scales, NormalisationGradient<T> function)
    {
        Span<T> scratch = stackalloc T[Chunks.Elements];
        scratch = scratch[..length];
        scoped var g = new ReadOnlySpan<T>(Memory.OutputGradient + start, length);
        var x = new ReadOnlySpan<T>(Memory.Inputs[0] + start, length);
        var d = new Span<T>(Memory.InputGradients[0] + start, length);
        if (scales != null)
        {
            TensorPrimitives.Multiply(g, new ReadOnlySpan<T>(scales, length), scratch);
            g = scratch;
        }

        var result = Memory.Accumulate[0] ? scratch : d;
        VectorLoops.Map(g, x, result, function);
        if (Memory.Accumulate[0]) TensorPrimitives.Add(d, result, d);
    }

    private (double Sum, double Product) SumsOfSegments(long row, long parameter)
    {
        double sum = 0, product = 0;
        for (var segment = 0; segment < rows.Segments; segment++)
        {
            var scale = double.CreateTruncating(Memory.Parameters[Scale][parameter + segment]);
            var (ofSegment, productOfSegment) = Sums(row, Segment(Memory.OutputGradient, row, segment), Segment(Memory.Inputs[0], row, segment));
            sum += scale * ofSegment;
            product += scale * productOfSegment;
        }

        return (sum, product);
    }

    [SkipLocalsInit]
    private (double Sum, double Product) SumsOfScaled(long row, long parameter)
    {
        Span<T> scaled = stackalloc T[Chunks.Elements];
        double sum = 0, product = 0;
        var start = row * rows.Length;
        for (var at = 0; at < rows.Segments; at += Chunks.Elements)
        {
            var part = scaled[..Math.Min(Chunks.Elements, rows.Segments - at)];
            TensorPrimitives.Multiply(new ReadOnlySpan<T>(Memory.OutputGradient + start + at, part.Length), new ReadOnlySpan<T>(Memory.Parameters[Scale] + parameter + at, part.Length), part);
            var (ofPart, productOfPart) = Sums(row, part, new ReadOnlySpan<T>(Memory.Inputs[0] + start + at, part.Length));
            sum += ofPart;
            product += productOfPart;
        }

        return (sum, product);
    }

    /// <summary>Σ g and Σ g x̂ over a part of a row.</summary>
    private (double Sum, double Product) Sums(long row, ReadOnlySpan<T> g, ReadOnlySpan<T> x)
    {
        double mean = ((double*)Memory.State)[row], inverse = ((double*)Memory.State)[rows.Rows + row];
        var centre = T.CreateTruncating(mean);
        double sum = 0, product = 0;
        for (var at = 0; at < g.Length; at += Chunks.Elements)
        {
            var length = Math.Min(Chunks.Elements, g.Length - at);
            var (ofPiece, productOfPiece) = NormalisationSums.Products(g.Slice(at, length), x.Slice(at, length), centre);
            sum += double.CreateTruncating(ofPiece);
            product += double.CreateTruncating(productOfPiece);
        }

        return (sum, (product - ((mean - double.CreateTruncating(centre)) * sum)) * inverse);
    }

    /// <summary>x̂ of a row.</summary>
    private AffineFunction<T> Standard(long row)
    {
        double mean = ((double*)Memory.State)[row], inverse = ((double*)Memory.State)[rows.Rows + row];
        var near = T.CreateTruncating(mean);
        return new AffineFunction<T>(near, T.CreateTruncating(inverse), T.CreateTruncating((double.CreateTruncating(near) - mean) * inverse));
    }

    private Span<T> Segment(T* values, long row, int segment) => new(values + (row * rows.Length) + ((long)segment * rows.Run), rows.Run);
}
