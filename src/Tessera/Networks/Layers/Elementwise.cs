using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>One function of every element: Z = f(V).</summary>
/// <param name="Function">f.</param>
public sealed record Elementwise(ElementFunction Function) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "elementwise";

    /// <inheritdoc/>
    public override string ShortName => "element";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => Enum.IsDefined(Function)
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"there is no function {(int)Function}; use one of ElementFunction, such as Absolute."));

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        var count = context.Output.Product;
        return Function switch
        {
            ElementFunction.Absolute => new ElementwiseExecution<T, AbsoluteFunction<T>>(count, default),
            ElementFunction.Negate => new ElementwiseExecution<T, NegateFunction<T>>(count, default),
            ElementFunction.Exponential => new ElementwiseExecution<T, ExponentialFunction<T>>(count, default),
            ElementFunction.Logarithm => new ElementwiseExecution<T, LogarithmFunction<T>>(count, default),
            ElementFunction.SquareRoot => new ElementwiseExecution<T, SquareRootFunction<T>>(count, default),
            ElementFunction.Reciprocal => new ElementwiseExecution<T, ReciprocalFunction<T>>(count, default),
            ElementFunction.Erf => new ElementwiseExecution<T, ErfFunction<T>>(count, default),
            ElementFunction.Sine => new ElementwiseExecution<T, SineFunction<T>>(count, default),
            ElementFunction.Cosine => new ElementwiseExecution<T, CosineFunction<T>>(count, default),
            _ => new ElementwiseExecution<T, StepFunction<T>>(count, new StepFunction<T>(Function)),
        };
    }
}
