using System.Numerics;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Weights;

/// <summary>
/// Weights under PyTorch's names and in its layouts, in safetensors and NumPy's .npz files: what <c>load_state_dict</c> takes, and what
/// <c>state_dict</c> gives. Kernels are <c>weight</c> (Conv out × in/g × k, ConvTranspose in × out/g × k, Linear out × in), biases <c>bias</c>, normalisations
/// <c>weight</c>, <c>bias</c>, <c>running_mean</c>, <c>running_var</c>, with <c>num_batches_tracked</c> written as 0 and passed over in reading. Layers that PyTorch lacks go
/// in this library's own layout: tiled and unshared kernels [t…, M, C/g, k…] with biases [t…, M], kernels of a connection table [pairs, k…].
/// </summary>
/// <remarks>
/// Kernels are written as cross-correlation has them, which is PyTorch's and the field's: those of an operator that flips are reversed on the way out and in.
/// </remarks>
public static class StateDict
{
    private const string Tracked = "num_batches_tracked";

    /// <summary>The tensors of a network's state_dict, in its order, without <c>num_batches_tracked</c>.</summary>
    /// <param name="network">The network.</param>
    /// <param name="names">
    /// How modules are called. Numbered, every layer counts as one module of an nn.Sequential, and a dense layer over an input with spatial axes
    /// counts as two: the nn.Flatten that PyTorch needs before it, and itself.
    /// </param>
    public static IReadOnlyList<StateDictEntry> Describe(NetworkDescription network, WeightNames names = WeightNames.Sequential)
    {
        ArgumentNullException.ThrowIfNull(network);
        var modules = names == WeightNames.Layers ? [.. network.Layers.Select(static layer => layer.Name)] : Numbers(network);
        return [.. network.Parameters.Select((parameter, index) =>
        {
            var layer = network.LayerOfParameter(index);
            var own = parameter.Name[(network.Layers[layer].Name.Length + 1)..];
            return new StateDictEntry($"{modules[layer]}.{NameOf(own)}", parameter.Description.Shape, parameter.Name);
        })];
    }

    /// <summary>Writes parameters as a state_dict, whole or not at all.</summary>
    /// <param name="path">The file: NumPy's where the name ends in .npz, else safetensors; its folder must exist.</param>
    /// <param name="parameters">The parameters; they are written as <typeparamref name="T"/>.</param>
    /// <param name="names">How modules are called; null for numbers where each layer takes the one before it, and for the layers' own names in any other graph.</param>
    /// <exception cref="IOException">The file cannot be written; an old one stands.</exception>
    public static void Write<T>(string path, NetworkParameters<T> parameters, WeightNames? names = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(parameters);
        var network = parameters.Network;
        var entries = Describe(network, names ?? (IsChain(network) ? WeightNames.Sequential : WeightNames.Layers));
        if (StoredTensors.IsNpz(path)) NpzFile.Write(path, Arrays(parameters, entries));
        else SafetensorsFile.Write(path, [.. Tensors(parameters, entries)], Metadata(network, entries));
    }

    /// <summary>
    /// Overwrites a network's parameters with those of a state_dict. Its names may be numbers as nn.Sequential gives them or the layers' own; where
    /// they are others (<c>features.0.weight</c>), modules are matched by what tensors of which shapes they have, and modules alike in that by order: the numbers
    /// in their names, or the file's order where that is not the alphabet's. Elements may be half, bfloat16, single or double precision.
    /// </summary>
    /// <param name="path">The file: NumPy's where the name ends in .npz, else safetensors.</param>
    /// <param name="parameters">The parameters to overwrite.</param>
    /// <returns>The file's names, in the order of the parameters.</returns>
    /// <exception cref="InvalidDataException">The file is damaged, or its tensors do not fit the network: one message that lists what does not. Nothing has been overwritten then.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<StateDictEntry> Read<T>(string path, NetworkParameters<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(parameters);
        using var file = StoredTensors.Open(path);
        var tensors = file.Tensors.Where(static tensor => tensor.Name != Tracked && !tensor.Name.EndsWith("." + Tracked, StringComparison.Ordinal)).ToArray();
        var entries = StateDictMatch.Of(parameters.Network, tensors, path);
        var byName = tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        var values = entries.Select(entry => file.Read<T>(byName[entry.Name])).ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            if (FlippedVolume(parameters.Network, entries[i].Parameter) is { } volume) Reverse(values[i], volume);
            values[i].CopyTo(parameters[entries[i].Parameter].Span);
        }

        return entries;
    }

    private static IEnumerable<KeyValuePair<string, NpyArray>> Arrays<T>(NetworkParameters<T> parameters, IReadOnlyList<StateDictEntry> entries)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        foreach (var entry in entries)
        {
            yield return new(entry.Name, NpyArray.Create(entry.Shape, Outward(parameters, entry.Parameter).Span));
            if (CounterBehind(entry) is { } counter) yield return new(counter, NpyArray.Create<long>([], [0]));
        }
    }

    private static IEnumerable<SafetensorsTensor> Tensors<T>(NetworkParameters<T> parameters, IReadOnlyList<StateDictEntry> entries)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        foreach (var entry in entries)
        {
            yield return SafetensorsTensor.Create(entry.Name, entry.Shape, Outward(parameters, entry.Parameter));
            if (CounterBehind(entry) is { } counter) yield return SafetensorsTensor.Create<long>(counter, [], new long[1]);
        }
    }

    /// <summary>What PyTorch's own readers ask for, and the layouts that are none of PyTorch's.</summary>
    private static Dictionary<string, string> Metadata(NetworkDescription network, IReadOnlyList<StateDictEntry> entries)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        foreach (var entry in entries)
        {
            if (OwnLayout(network, entry.Parameter) is { } layout) metadata[$"layout of {entry.Name}"] = layout;
        }

        return metadata;
    }

    /// <summary>The counter of batches that a state_dict has behind the last of a normalisation's statistics.</summary>
    private static string? CounterBehind(StateDictEntry entry) =>
        entry.Name.EndsWith(".running_var", StringComparison.Ordinal) ? entry.Name[..^"running_var".Length] + Tracked : null;

    /// <summary>Whether each layer takes the one before it and nothing else.</summary>
    private static bool IsChain(NetworkDescription network) => network.Graph.Sources.Select((sources, index) => sources.Length == 1 && sources[0] == index - 1).All(static follows => follows);

    private static string[] Numbers(NetworkDescription network)
    {
        var numbers = new string[network.Layers.Count];
        var next = 0;
        for (var index = 0; index < numbers.Length; index++)
        {
            if (network.Layers[index] is Dense && network.InputShapes(index, 1)[0].Count > 2) next++;
            numbers[index] = next++.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return numbers;
    }

    private static string NameOf(string parameter) => parameter switch
    {
        "kernel" or "scale" => "weight",
        "shift" => "bias",
        "mean" => "running_mean",
        "variance" => "running_var",
        _ => parameter,
    };

    private static ReadOnlyMemory<T> Outward<T>(NetworkParameters<T> parameters, string name)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (FlippedVolume(parameters.Network, name) is not { } volume) return parameters[name].Memory;
        var values = parameters[name].Span.ToArray();
        Reverse(values, volume);
        return values;
    }

    /// <summary>The number of elements of each kernel, where the parameter is the kernel of an operator that flips.</summary>
    private static int? FlippedVolume(NetworkDescription network, string parameter) =>
        parameter.EndsWith(".kernel", StringComparison.Ordinal) && OperatorOf(network, parameter) is { Flip: true } description ? (int)description.Kernel.Product : null;

    private static Operators.ConvolutionDescription? OperatorOf(NetworkDescription network, string parameter) => network.Find(parameter[..parameter.LastIndexOf('.')]) switch
    {
        Convolution convolution => convolution.Operator,
        TransposedConvolution transposed => transposed.Operator,
        _ => null,
    };

    private static string? OwnLayout(NetworkDescription network, string parameter) => OperatorOf(network, parameter) is not { } description ? null
        : (description.Sharing.IsShared, description.Channels.ConnectionTable is null, parameter.EndsWith(".kernel", StringComparison.Ordinal)) switch
        {
            (true, true, _) or (true, _, false) => null,
            (true, false, true) => "pairs of the connection table in row-major (output, input) order, kernel",
            (false, true, true) => $"positions ({description.Sharing}), outputs, inputs of a group, kernel",
            (false, false, true) => $"positions ({description.Sharing}), pairs of the connection table in row-major (output, input) order, kernel",
            (false, _, false) => description.Bias == Operators.BiasSharing.LikeKernel ? $"positions ({description.Sharing}), outputs" : null,
        };

    private static void Reverse<T>(T[] values, int volume)
    {
        for (var start = 0; start < values.Length; start += volume) Array.Reverse(values, start, volume);
    }
}
