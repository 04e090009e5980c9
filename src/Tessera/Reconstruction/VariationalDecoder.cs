using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Reconstruction;

/// <summary>
/// The decoder of a variational autoencoder (Kingma and Welling 2014): what follows its one <see cref="GaussianSample"/>, as a network of its own whose input is the
/// code z. What it makes of draws z ~ N(0, I), the prior that training draws codes to, are samples of the model. One thread uses it at a time.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class VariationalDecoder<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly NetworkExecution<T> execution;
    private readonly T[] codes;

    /// <summary>The decoder of a network, with a copy of its parameters as they are now.</summary>
    /// <param name="network">The network.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="batch">The codes N of one call.</param>
    /// <param name="options">How to execute; inference where left out.</param>
    /// <exception cref="ArgumentException">The network has no gaussian-sample layer or several, or something behind it takes more than what it gives; the message names the layer and a way out.</exception>
    public VariationalDecoder(NetworkDescription network, NetworkParameters<T> parameters, int batch, ExecutionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        if (!TryDescribe(network, out var decoder, out var problem)) throw new ArgumentException(problem, nameof(network));
        var own = NetworkParameters<T>.Zero(decoder);
        foreach (var parameter in own) parameters[parameter.Name].Span.CopyTo(parameter.Span);
        Network = decoder;
        execution = new NetworkExecution<T>(decoder, own, batch, options ?? ExecutionOptions.Inference);
        codes = new T[batch * CodeShape.Product];
    }

    /// <summary>The layers behind the code.</summary>
    public NetworkDescription Network { get; }

    /// <summary>The codes N that one call takes.</summary>
    public int Batch => execution.Batch;

    /// <summary>The shape of one code, [K, o…].</summary>
    public Sizes CodeShape => Network.InputShape;

    /// <summary>The shape of one sample, [C, i…].</summary>
    public Sizes SampleShape => Network.OutputShape(1).From(1);

    /// <summary>Whether a network has a decoder that can stand alone.</summary>
    public static bool Exists(NetworkDescription network) => TryDescribe(network ?? throw new ArgumentNullException(nameof(network)), out _, out _);

    /// <summary>Computes samples from codes.</summary>
    /// <param name="codes">z, [N, K, o…].</param>
    /// <param name="samples">[N, C, i…], normalised as in training; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Decode(ReadOnlySpan<T> codes, Span<T> samples)
    {
        Check(codes.Length, this.codes.Length, "codes");
        Check(samples.Length, Batch * SampleShape.Product, "samples");
        execution.Forward(codes).CopyTo(samples);
    }

    /// <summary>Decodes draws of the prior, each of which follows from the seed and its number alone.</summary>
    /// <param name="samples">[N, C, i…]; overwritten.</param>
    /// <param name="seed">What codes are drawn from.</param>
    /// <param name="first">The number of the first of them.</param>
    /// <exception cref="ArgumentException">The length is another.</exception>
    public void Sample(Span<T> samples, long seed, long first = 0)
    {
        var each = codes.Length / Batch;
        for (var n = 0; n < Batch; n++)
        {
            var random = new RandomSource(seed, first + n);
            foreach (ref var z in codes.AsSpan(n * each, each)) z = T.CreateTruncating(random.NextNormal());
        }

        Decode(codes, samples);
    }

    private static bool TryDescribe(NetworkDescription network, [NotNullWhen(true)] out NetworkDescription? decoder, out string problem)
    {
        (decoder, problem) = (null, "");
        var title = network.Name.Length > 0 ? network.Name : "network";
        int[] places = [.. network.Layers.Index().Where(static layer => layer.Item is GaussianSample).Select(static layer => layer.Index)];
        if (places.Length != 1)
        {
            problem = $"{title}: it has {places.Length} gaussian-sample layers; samples are decoded from the code of exactly one.";
            return false;
        }

        var place = places[0];
        var shapes = network.Shapes(1);
        var behind = network.Layers.Skip(place + 1).ToArray();
        if (behind.Length == 0)
        {
            problem = $"{title}: nothing follows {network.Layers[place].Name}; a decoder has at least one layer.";
            return false;
        }

        var names = behind.Select(static layer => layer.Name).ToHashSet(StringComparer.Ordinal);
        var layers = new List<Layer>();
        foreach (var layer in behind)
        {
            var own = layer is TransposedConvolution { SizeOf: { } name } transposed && !names.Contains(name)
                ? transposed with { SizeOf = null, OriginalSize = SizeOf(name) }
                : layer;
            LayerNames inputs = [.. own.Inputs.Select(input => input == network.Layers[place].Name ? NetworkDescription.InputName : input)];
            if (own.Inputs.Index().FirstOrDefault(input => !names.Contains(input.Item) && input.Item != network.Layers[place].Name).Item is { } other) problem = Takes(layer, other);
            else if (own.Reference is { } reference && !names.Contains(reference)) problem = Takes(layer, reference);
            if (problem.Length > 0) return false;
            layers.Add(own with { Inputs = inputs });
        }

        decoder = new NetworkDescription(network.Name, shapes[place].From(1), layers);
        return true;

        Sizes SizeOf(string layer) => layer == NetworkDescription.InputName ? network.InputShape.From(1) : shapes[network.Layers.Index().First(known => known.Item.Name == layer).Index].From(2);

        string Takes(Layer layer, string other) => $"{title}: {layer.Name} takes {other}, which stands before the code, so that a code alone decodes to nothing; give the decoder layers of its own.";
    }

    private static void Check(int given, long wanted, string what)
    {
        if (given != wanted) throw new ArgumentException($"{what}: {given} numbers, but a batch has {wanted}; give all of it, row-major.", what);
    }
}
