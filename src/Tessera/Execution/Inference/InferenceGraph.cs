using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Inference;

/// <summary>
/// A network rewritten for inference: layers that pass everything on are gone, and layers that follow a convolution run behind it.
/// <code>
///     conv → norm → add ← …        becomes one node, where nobody else takes what lies between
///                    ↓
///                   relu
/// </code>
/// Whole numbers only; who can do what is asked of the layers.
/// </summary>
internal sealed class InferenceGraph
{
    private readonly NetworkDescription network;
    private readonly int[] alias;
    private readonly int[] uses;
    private readonly InferenceNode?[] producers;
    private readonly Predicate<int> isFunction;
    private readonly Func<int, ConstantOperation?> constants;
    private readonly List<InferenceNode> nodes = [];

    /// <summary>Rewrites a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="passesOn">Whether a layer gives its input unchanged, in its shape.</param>
    /// <param name="isFunction">Whether a layer is a function of each element.</param>
    /// <param name="addsAlike">Whether what an addition adds has the shape of the sum, so that nothing is repeated.</param>
    /// <param name="constants">What a layer does that combines its input with a constant.</param>
    /// <param name="takesBorder">Whether a convolution can put a layer's border around its input itself.</param>
    public InferenceGraph(NetworkDescription network, Predicate<int> passesOn, Predicate<int> isFunction, Predicate<int> addsAlike, Func<int, ConstantOperation?> constants, Func<int, int, bool> takesBorder)
    {
        (this.network, this.isFunction, this.constants) = (network, isFunction, constants);
        var graph = network.Graph;
        var count = network.Layers.Count;
        alias = [.. Enumerable.Range(0, count + 1)];
        foreach (var layer in graph.Order)
        {
            if (passesOn(layer)) alias[layer + 1] = alias[graph.Sources[layer][0] + 1];
        }

        Output = alias[count];
        uses = new int[count + 1];
        uses[Output]++;
        FurtherOutputs = [.. graph.FurtherOutputs.Select(layer => alias[layer + 1])];
        foreach (var output in FurtherOutputs) uses[output]++;
        foreach (var layer in graph.Order)
        {
            if (passesOn(layer)) continue;
            foreach (var source in graph.Sources[layer]) uses[alias[source + 1]]++;
        }

        producers = new InferenceNode?[count + 1];
        foreach (var layer in graph.Order)
        {
            if (passesOn(layer)) continue;
            int[] sources = [.. graph.Sources[layer].Select(source => alias[source + 1])];
            if (network.Layers[layer] is BatchNormalisation && TryFold(layer, sources[0])) continue;
            if (constants(layer) is { } operation && (TryFold(layer, sources[operation.Data]) || (operation.IsNumber && TryFinish(layer, sources[operation.Data])))) continue;
            if (network.Layers[layer] is Multiply && sources.Length == 2 && (TryGate(layer, sources[0], sources[1]) || TryGate(layer, sources[1], sources[0]))) continue;
            if (network.Layers[layer] is Add && sources.Length == 2 && addsAlike(layer) && TryAdd(layer, sources)) continue;
            if (isFunction(layer) && TryFinish(layer, sources[0])) continue;
            var node = new InferenceNode(layer, sources);
            if (network.Layers[layer] is Convolution && uses[sources[0]] == 1 && producers[sources[0]] is { Functions.Count: 0 } before && network.Layers[before.Layer] is Pad && takesBorder(layer, before.Layer))
            {
                nodes.Remove(before);
                node = new InferenceNode(layer, before.Sources) { Border = before.Layer };
            }

            nodes.Add(node);
            producers[layer + 1] = node;
        }
    }

    /// <summary>The nodes in an order in which each comes after what it takes.</summary>
    public IReadOnlyList<InferenceNode> Nodes => nodes;

    /// <summary>The value that is the network's output.</summary>
    public int Output { get; }

    /// <summary>The values of the network's further outputs, in order.</summary>
    public IReadOnlyList<int> FurtherOutputs { get; }

    private bool TryFold(int layer, int source)
    {
        if (uses[source] != 1 || producers[source] is not { Addition: null, Functions.Count: 0 } node) return false;
        if (network.Layers[node.Layer] is not (Convolution or Dense or TransposedConvolution)) return false;
        node.Normalisations.Add(layer);
        Give(node, layer);
        return true;
    }

    /// <summary>Of two summands that could take the sum behind them, the later one does: the other is there by then.</summary>
    private bool TryAdd(int layer, int[] sources)
    {
        var best = -1;
        for (var i = 0; i < 2; i++)
        {
            if (uses[sources[i]] != 1 || producers[sources[i]] is not { Addition: null, Functions.Count: 0 } node) continue;
            if (network.Layers[node.Layer] is Convolution or Dense or TransposedConvolution && (best < 0 || nodes.IndexOf(node) > nodes.IndexOf(producers[sources[best]]!))) best = i;
        }

        if (best < 0) return false;
        var taken = producers[sources[best]]!;
        taken.Addition = layer;
        taken.Residual = sources[1 - best];
        nodes.Remove(taken);
        nodes.Add(taken);
        Give(taken, layer);
        return true;
    }

    private bool TryFinish(int layer, int source)
    {
        if (uses[source] != 1 || producers[source] is not { } node || !TakesFunctions(node)) return false;
        node.Functions.Add(layer);
        Give(node, layer);
        return true;
    }

    /// <summary>A product of a value and functions of it, which nobody else takes, is a function of each element itself.</summary>
    private bool TryGate(int layer, int source, int other)
    {
        if (uses[source] != 2 || uses[other] != 1 || producers[source] is not { } node || !TakesFunctions(node)) return false;
        if (producers[other] is not { Normalisations.Count: 0, Addition: null } gate) return false;
        var taken = constants(gate.Layer) is { IsNumber: true } operation ? gate.Sources[operation.Data] : isFunction(gate.Layer) ? gate.Sources[0] : -1;
        if (taken != source) return false;
        nodes.Remove(gate);
        node.Functions.Add(layer);
        node.Gates[layer] = gate;
        Give(node, layer);
        return true;
    }

    /// <summary>A change of shape gives its input's own memory, a concatenation what others have written, and a constant does not run.</summary>
    private bool TakesFunctions(InferenceNode node) => network.Layers[node.Layer] is not (Flatten or Reshape or View or Concatenate or Constant);

    private void Give(InferenceNode node, int layer)
    {
        node.Output = layer + 1;
        producers[layer + 1] = node;
    }
}
