using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Inference;

/// <summary>
/// A layer's parameters with the normalisations that follow it folded in: with s = scale / √(variance + ε) a kernel's rows of channel m become s[m] K and
/// the bias s[m] (b − mean[m]) + shift[m]. Computed in double, rounded once.
/// </summary>
internal sealed class FoldedParameters<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Parameter<T>? kernel;
    private readonly Parameter<T>? bias;
    private readonly (Layer Layer, Parameter<T>[] Parameters)[] normalisations;
    private readonly double[] factors;
    private readonly double[] shifts;

    /// <summary>What is folded into a layer, or what a normalisation by itself comes to where there is no kernel.</summary>
    /// <param name="channels">Channels of the layer's output.</param>
    /// <param name="kernel">Its kernel, or null.</param>
    /// <param name="bias">Its bias, or null.</param>
    /// <param name="normalisations">The normalisations, in order, with their parameters; or layers that combine with a constant, with that.</param>
    public FoldedParameters(int channels, Parameter<T>? kernel, Parameter<T>? bias, (Layer Layer, Parameter<T>[] Parameters)[] normalisations)
    {
        this.kernel = kernel;
        this.bias = bias;
        this.normalisations = normalisations;
        factors = new double[channels];
        shifts = new double[channels];
        Factors = GC.AllocateArray<T>(channels, pinned: true);
        Bias = GC.AllocateArray<T>(Math.Max(channels, bias?.Span.Length ?? 0), pinned: true);
    }

    /// <summary>For each channel what its row of the kernel is multiplied by.</summary>
    public T[] Factors { get; }

    /// <summary>The bias: one for each channel, or for each channel of each tile.</summary>
    public T[] Bias { get; }

    /// <summary>The kernel as it stands.</summary>
    public Parameter<T>? Kernel => kernel;

    /// <summary>Takes the parameters as they are now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take()
    {
        Array.Fill(factors, 1);
        Array.Clear(shifts);
        foreach (var (layer, parameters) in normalisations)
        {
            for (var c = 0; c < factors.Length; c++)
            {
                var (factor, shift) = Line(layer, parameters, c);
                factors[c] *= factor;
                shifts[c] = (shifts[c] * factor) + shift;
            }
        }

        for (var c = 0; c < factors.Length; c++) Factors[c] = T.CreateTruncating(factors[c]);
        for (var i = 0; i < Bias.Length; i++)
        {
            var c = i % factors.Length;
            Bias[i] = T.CreateTruncating((bias is null ? 0 : Of(bias, i) * factors[c]) + shifts[c]);
        }
    }

    /// <summary>The kernel of an operator, each channel times its factor: output channels, or input channels where the layer is the operator's transpose.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Scale(OperatorGeometry geometry, bool transposed, Span<T> scaled)
    {
        var volume = (int)geometry.KernelSize.Product;
        var (perInputs, perOutputs) = (geometry.InputChannels / geometry.Groups, geometry.OutputChannels / geometry.Groups);
        var from = kernel!.Span;
        for (var at = 0; at < from.Length;)
        {
            for (var m = 0; m < geometry.OutputChannels; m++)
            {
                var pairs = geometry.Table?.InputsOf(m).Length ?? perInputs;
                for (var pair = 0; pair < pairs; pair++)
                {
                    var channel = !transposed ? m : geometry.Table is { } table ? table.InputsOf(m)[pair] : (m / perOutputs * perInputs) + pair;
                    for (var q = 0; q < volume; q++, at++) scaled[at] = T.CreateTruncating(double.CreateTruncating(from[at]) * factors[channel]);
                }
            }
        }
    }

    /// <summary>The line that a layer is for a channel: what it is multiplied by, and what is added then.</summary>
    private static (double Factor, double Shift) Line(Layer layer, Parameter<T>[] parameters, int c)
    {
        if (layer is BatchNormalisation normalisation)
        {
            var factor = Of(parameters[0], c) / Math.Sqrt(Of(parameters[3], c) + normalisation.Epsilon);
            return (factor, Of(parameters[1], c) - (Of(parameters[2], c) * factor));
        }

        var constant = Of(parameters[0], parameters[0].Span.Length == 1 ? 0 : c);
        return layer switch
        {
            Multiply => (constant, 0),
            Divide => (1 / constant, 0),
            Add => (1, constant),
            _ => (1, -constant),
        };
    }

    private static double Of(Parameter<T> parameter, int index) => double.CreateTruncating(parameter.Span[index]);
}
