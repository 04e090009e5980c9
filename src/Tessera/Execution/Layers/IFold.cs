using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>What many numbers are folded into one by, in an order that depends on their places alone.</summary>
internal interface IFold<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>What folding begins with.</summary>
    static abstract T Start { get; }

    /// <summary>A row folded into one number.</summary>
    static abstract T Fold(T folded, ReadOnlySpan<T> row);

    /// <summary>A row folded into another, element by element.</summary>
    static abstract void Fold(Span<T> folded, ReadOnlySpan<T> row);
}

/// <summary>The sum.</summary>
internal readonly struct SumFold<T> : IFold<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Start => T.Zero;

    public static T Fold(T folded, ReadOnlySpan<T> row) => folded + VectorLoops.Sum(row);

    public static void Fold(Span<T> folded, ReadOnlySpan<T> row) => TensorPrimitives.Add(folded, row, folded);
}

/// <summary>The product.</summary>
internal readonly struct ProductFold<T> : IFold<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Start => T.One;

    public static T Fold(T folded, ReadOnlySpan<T> row) => folded * TensorPrimitives.Product(row);

    public static void Fold(Span<T> folded, ReadOnlySpan<T> row) => TensorPrimitives.Multiply(folded, row, folded);
}

/// <summary>The largest.</summary>
internal readonly struct MaximumFold<T> : IFold<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Start => T.NegativeInfinity;

    public static T Fold(T folded, ReadOnlySpan<T> row) => T.Max(folded, TensorPrimitives.Max(row));

    public static void Fold(Span<T> folded, ReadOnlySpan<T> row) => TensorPrimitives.Max(folded, row, folded);
}

/// <summary>The smallest.</summary>
internal readonly struct MinimumFold<T> : IFold<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Start => T.PositiveInfinity;

    public static T Fold(T folded, ReadOnlySpan<T> row) => T.Min(folded, TensorPrimitives.Min(row));

    public static void Fold(Span<T> folded, ReadOnlySpan<T> row) => TensorPrimitives.Min(folded, row, folded);
}
