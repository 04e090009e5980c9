using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels.Blocked;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Inference;

/// <summary>Each element combined with one number, which a constant of the network holds, as a layer says.</summary>
internal sealed class NumberFunction<T>(Layer layer, Parameter<T> number) : IElementwise<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public bool IsRectifier => false;

    public T? Bound => null;

    public void Apply(Span<T> values)
    {
        var y = number.Span[0];
        switch (layer)
        {
            case Add:
                TensorPrimitives.Add(values, y, values);
                break;
            case Subtract:
                TensorPrimitives.Subtract(values, y, values);
                break;
            case Multiply:
                TensorPrimitives.Multiply(values, y, values);
                break;
            case Divide when T.IsNormal(T.One / y):
                TensorPrimitives.Multiply(values, T.One / y, values);
                break;
            default:
                TensorPrimitives.Divide(values, y, values);
                break;
        }
    }
}
