using System.Numerics.Tensors;

namespace Tessera.Operators;

/// <summary>The checks of tensors that a caller hands to a plan, before any of them is touched.</summary>
internal static class TensorChecks
{
    /// <summary>The tensor has exactly this shape and no gaps.</summary>
    public static void Dense<T>(in ReadOnlyTensorSpan<T> tensor, Sizes shape, string what)
    {
        var fits = tensor.Rank == shape.Count;
        for (var axis = 0; fits && axis < shape.Count; axis++) fits = tensor.Lengths[axis] == shape[axis];
        if (!fits) throw new ArgumentException($"{what}: its shape is {string.Join('×', tensor.Lengths.ToArray())} but the plan takes {shape}; give that shape or make another plan.", what);
        if (!tensor.IsDense) throw new ArgumentException($"{what}: its elements are not dense in row-major order; pass a dense copy (Tensor.Create or ToDenseTensor).", what);
    }

    /// <summary>The tensor is empty, for left out, or has this shape.</summary>
    public static void Optional<T>(in ReadOnlyTensorSpan<T> tensor, Sizes shape, string what)
    {
        if (tensor.IsEmpty) return;
        if (shape.Count == 0) throw new ArgumentException($"{what}: the operator has none; describe it with a bias or pass default.", what);
        Dense(tensor, shape, what);
    }

    /// <summary>What is written does not overlap what is read.</summary>
    public static unsafe void Apart<T>(T* written, Sizes writtenShape, T* read, Sizes readShape, string what, string other)
        where T : unmanaged
    {
        if (written < read + readShape.Product && read < written + writtenShape.Product)
        {
            throw new ArgumentException($"{what}: it overlaps the {other} in memory; give it memory of its own.", what);
        }
    }
}
