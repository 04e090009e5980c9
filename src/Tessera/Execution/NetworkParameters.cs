using System.Collections;
using System.Numerics;
using Tessera.Networks;
using Tessera.Networks.Initialisers;

namespace Tessera.Execution;

/// <summary>The parameters of a network with their numbers, in the order of its description; executions share them.</summary>
public sealed class NetworkParameters<T> : IReadOnlyList<Parameter<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Parameter<T>[] parameters;
    private readonly Dictionary<string, Parameter<T>> byName;

    private NetworkParameters(NetworkDescription network)
        : this(network, [.. network.Parameters.Select(static parameter => new Parameter<T>(parameter.Name, parameter.Description))])
    {
    }

    private NetworkParameters(NetworkDescription network, Parameter<T>[] parameters)
    {
        Network = network;
        this.parameters = parameters;
        byName = parameters.ToDictionary(static parameter => parameter.Name, StringComparer.Ordinal);
        Trained = [.. parameters.Where(static parameter => parameter.IsTrained)];
    }

    /// <summary>The network they belong to.</summary>
    public NetworkDescription Network { get; }

    /// <summary>Those that training changes, in order.</summary>
    public IReadOnlyList<Parameter<T>> Trained { get; }

    /// <inheritdoc/>
    public int Count => parameters.Length;

    /// <summary>What they take, in bytes.</summary>
    public unsafe long Bytes => Network.ParameterCount * sizeof(T);

    /// <inheritdoc/>
    public Parameter<T> this[int index] => parameters[index];

    /// <summary>The parameter of this full name, such as <c>conv1.kernel</c>.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public Parameter<T> this[string name]
    {
        get
        {
            if (byName.TryGetValue(name, out var parameter)) return parameter;
            var nearest = Spelling.Nearest(name, byName.Keys.ToArray());
            throw new ArgumentException($"there is no parameter '{name}'{(nearest is null ? "" : $"; did you mean '{nearest}'?")}", nameof(name));
        }
    }

    /// <summary>
    /// New parameters: weights drawn from a seed by their layers' initialisers, or else by the one given, or else by what
    /// suits the activation that follows (He, Glorot or LeCun); scales and variances 1, all else 0.
    /// </summary>
    /// <remarks>Each weight has a source of its own, from the seed and its name's place, in double: float and double networks begin alike.</remarks>
    public static NetworkParameters<T> Create(NetworkDescription network, long seed, Initialiser? initialiser = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        var created = new NetworkParameters<T>(network);
        for (var index = 0; index < created.Count; index++)
        {
            var parameter = created[index];
            var description = parameter.Description;
            if (description.Role != ParameterRole.Weight)
            {
                parameter.Span.Fill(T.CreateChecked(description.InitialValue));
                continue;
            }

            var random = new RandomSource(seed, index);
            var rule = description.Initialiser ?? initialiser ?? DefaultInitialiser.For(network, network.LayerOfParameter(index));
            rule.Fill(parameter.Span, description, parameter.Name, ref random);
        }

        return created;
    }

    /// <summary>Parameters of the same network with every element 0, such as an optimiser's momenta or a sum of gradients.</summary>
    public static NetworkParameters<T> Zero(NetworkDescription network) => new(network);

    /// <summary>The same numbers as the parameters of another network, which differs in layers without parameters alone.</summary>
    internal NetworkParameters<T> For(NetworkDescription network) => Network.Equals(network) ? this
        : network.Parameters.SequenceEqual(Network.Parameters) ? new NetworkParameters<T>(network, parameters)
        : throw new ArgumentException("parameters: the networks have other parameters.", nameof(network));

    /// <summary>A copy with memory of its own.</summary>
    public NetworkParameters<T> Clone()
    {
        var clone = new NetworkParameters<T>(Network);
        clone.CopyFrom(this);
        return clone;
    }

    /// <summary>Overwrites every element with that of another network's parameters of the same names and shapes.</summary>
    /// <exception cref="ArgumentException">A name or a shape differs.</exception>
    public void CopyFrom(NetworkParameters<T> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count != Count) throw new ArgumentException($"parameters: {other.Count} to copy into {Count}; both must be of one network.", nameof(other));
        for (var index = 0; index < Count; index++)
        {
            Parameter<T> from = other[index], to = this[index];
            if (from.Name != to.Name || from.Description.Shape != to.Description.Shape)
            {
                throw new ArgumentException($"parameters: {from.Name} {from.Description.Shape} to copy into {to.Name} {to.Description.Shape}; both must be of one network.", nameof(other));
            }
        }

        for (var index = 0; index < Count; index++) other[index].Span.CopyTo(this[index].Span);
    }

    /// <summary>
    /// Overwrites the parameters of every layer that another network has under the same name, with parameters of the same names and shapes:
    /// where a network is to be trained on from another that differs in some layers, such as the last.
    /// </summary>
    /// <returns>The layers, in order, that have parameters and took none; theirs stay as they are. A layer takes all of its parameters or none.</returns>
    public IReadOnlyList<string> CopyLayersFrom(NetworkParameters<T> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var sources = other.ByLayer();
        var left = new List<string>();
        foreach (var (layer, own) in ByLayer())
        {
            if (!sources.TryGetValue(layer, out var theirs) || !own.Select(Place).SequenceEqual(theirs.Select(Place)))
            {
                left.Add(layer);
                continue;
            }

            for (var index = 0; index < own.Count; index++) theirs[index].Span.CopyTo(own[index].Span);
        }

        return left;

        static (string Name, Sizes Shape) Place(Parameter<T> parameter) => (parameter.Name, parameter.Description.Shape);
    }

    /// <inheritdoc/>
    public IEnumerator<Parameter<T>> GetEnumerator() => ((IEnumerable<Parameter<T>>)parameters).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The layers that have parameters, in order, and those parameters.</summary>
    private OrderedDictionary<string, List<Parameter<T>>> ByLayer()
    {
        var layers = new OrderedDictionary<string, List<Parameter<T>>>(StringComparer.Ordinal);
        for (var index = 0; index < Count; index++)
        {
            var layer = Network.Layers[Network.LayerOfParameter(index)].Name;
            if (!layers.TryGetValue(layer, out var own)) layers.Add(layer, own = []);
            own.Add(parameters[index]);
        }

        return layers;
    }
}
