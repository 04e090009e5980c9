using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;

namespace Tessera.Reconstruction;

/// <summary>
/// A network whose output has the shape of its input, as a model of codes: the code is the output of one of its layers. For one thread
/// at a time.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Autoencoder<T> : IReconstructor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NetworkExecution<T> execution;
    private readonly int length;
    private readonly int codeLength;

    /// <summary>A network with its parameters as they are at each call.</summary>
    /// <param name="network">The network.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="batch">The examples N of one call.</param>
    /// <param name="options">How to execute; inference where left out.</param>
    /// <exception cref="ArgumentException">The output has another shape than the input; the message has both.</exception>
    public Autoencoder(NetworkDescription network, NetworkParameters<T> parameters, int batch, ExecutionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        var output = network.OutputShape(1).From(1);
        if (output != network.InputShape)
        {
            throw new ArgumentException(
                $"{network.Name}: the output is {output}, but the input is {network.InputShape}; a network reconstructs where both are the same.", nameof(network));
        }

        execution = new NetworkExecution<T>(network, parameters, batch, (options ?? ExecutionOptions.Inference) with { KeepActivations = true });
        SampleShape = network.InputShape;
        CodeLayer = CodeLayerOf(network);
        CodeShape = network.Shapes(1)[network.Layers.ToList().FindIndex(layer => layer.Name == CodeLayer)].From(1);
        (length, codeLength) = ((int)SampleShape.Product, (int)CodeShape.Product);
    }

    /// <inheritdoc/>
    public int Batch => execution.Batch;

    /// <inheritdoc/>
    public Sizes SampleShape { get; }

    /// <inheritdoc/>
    public Sizes CodeShape { get; }

    /// <summary>The layer whose output is the code.</summary>
    public string CodeLayer { get; }

    /// <summary>The layer called <c>code</c>, or else the last of those whose output is the smallest.</summary>
    public static string CodeLayerOf(NetworkDescription network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Find("code") is not null) return "code";
        var shapes = network.Shapes(1);
        var smallest = shapes.Min(static shape => shape.Product);
        return network.Layers[Enumerable.Range(0, shapes.Count).Last(index => shapes[index].Product == smallest)].Name;
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<T> samples, Span<T> codes)
    {
        Check(samples.Length, length, "samples");
        Check(codes.Length, codeLength, "codes");
        execution.Forward(samples);
        execution.Activation(CodeLayer).FlattenTo(codes);
    }

    /// <inheritdoc/>
    public void Reconstruct(ReadOnlySpan<T> samples, Span<T> reconstructions)
    {
        Check(samples.Length, length, "samples");
        Check(reconstructions.Length, length, "reconstructions");
        execution.Forward(samples).CopyTo(reconstructions);
    }

    /// <inheritdoc/>
    public void Reconstruct(ReadOnlySpan<T> samples, Span<T> codes, Span<T> reconstructions)
    {
        Check(codes.Length, codeLength, "codes");
        Reconstruct(samples, reconstructions);
        execution.Activation(CodeLayer).FlattenTo(codes);
    }

    private void Check(int given, int each, string what)
    {
        if (given != Batch * each) throw new ArgumentException($"{what}: {given} numbers, but {Batch} examples have {Batch * each}.", what);
    }
}
