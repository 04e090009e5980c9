using System.Numerics;
using Tessera.Connections;
using Tessera.Execution.Layers;
using Tessera.Kernels;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Execution.Inference;

/// <summary>Layers with a kernel, made ready with a bias even where they have none of their own: what is folded into them needs one.</summary>
internal static class FoldedLayers
{
    /// <summary>The layer's execution, and the operator that its kernel belongs to.</summary>
    public static (LayerExecution<T> Execution, OperatorGeometry Geometry) Compile<T>(NetworkDescription network, int layer, int batch, IReadOnlyList<Sizes> shapes, ExecutionOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var inputs = network.InputShapes(layer, batch, shapes);
        var how = options.ToPlanOptions(network.Layers[layer] is TransposedConvolution ? Operation.InputGradient : Operation.Forward);
        switch (network.Layers[layer])
        {
            case Convolution convolution:
                var bias = convolution.Operator.Bias == BiasSharing.None ? BiasSharing.PerChannel : convolution.Operator.Bias;
                var plan = (convolution.Operator with { Bias = bias }).Plan<T>(inputs[0], how, convolution.Label);
                return (new ConvolutionExecution<T>(plan), plan.Geometry);
            case Dense dense:
                var product = dense.Plan<T>(inputs[0], BiasSharing.LikeKernel, how, dense.Label);
                return (new ConvolutionExecution<T>(product), product.Geometry);
            case TransposedConvolution transposed:
                var transpose = transposed.Operator.PlanTranspose<T>(inputs[0], transposed.OutputChannels, shapes[layer].From(2), how, transposed.Label);
                return (new TransposedConvolutionExecution<T>(transpose, shapes[layer], true), transpose.Geometry);
            default:
                throw new InvalidOperationException($"{network.Layers[layer].Label}: nothing can be folded into it.");
        }
    }
}
