using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Weights;

/// <summary>
/// Weights out of Keras 2: Conv, DepthwiseConv, Conv…Transpose, LocallyConnected in its three implementations, Dense and BatchNormalization. Layers that have
/// weights are matched in order, as Keras itself loads them, and every shape is checked. A dense layer behind a flattening gets its inputs
/// reordered, because Keras flattens positions first and channels last, wherever its tensors have their channels.
/// </summary>
/// <remarks>Keras' batch normalisation has an ε of 1e-3 unless told otherwise, and this library's 1e-5: say so in the network.</remarks>
public static class KerasWeights
{
    /// <summary>Overwrites a network's parameters with those of a Keras model.</summary>
    /// <param name="name">What messages call the model, such as its file.</param>
    /// <param name="layers">The model's layers in its order; those without arrays are passed over.</param>
    /// <param name="parameters">The parameters to overwrite.</param>
    /// <param name="format">Where the model had its channels.</param>
    /// <param name="isFlipped">Whether shared kernels are laid over the input backwards: those that Keras saved on Theano, and its own loader turns round.</param>
    /// <exception cref="InvalidDataException">The layers do not fit the network: one message that lists what does not. Nothing has been overwritten then.</exception>
    public static void Read<T>(string name, IReadOnlyList<KerasLayer> layers, NetworkParameters<T> parameters, KerasDataFormat format = KerasDataFormat.ChannelsLast, bool isFlipped = false)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(parameters);
        var network = parameters.Network;
        var own = Enumerable.Range(0, network.Parameters.Count).GroupBy(network.LayerOfParameter).ToArray();
        KerasLayer[] theirs = [.. layers.Where(static layer => layer.Weights.Count > 0)];
        if (own.Length != theirs.Length)
        {
            throw new InvalidDataException(
                $"{name}: {theirs.Length} layers with weights ({Few(theirs.Select(static layer => layer.Name))}), but the network '{network.Name}' has {own.Length} ({Few(own.Select(group => network.Layers[group.Key].Name))}); they are matched in order.");
        }

        var misfits = network.Layers.Select((layer, index) => (layer, Shape: layer is Reshape ? layer.InferShape(network.InputShapes(index, 1)) : Sizes.Empty))
            .Where(static pair => pair.Shape.Count > 2 && pair.Shape[1] > 1)
            .Select(static pair => $"'{pair.layer.Name}' gives {pair.Shape.From(1)}, but Keras' Reshape has positions before channels or after them as the model was made: weights around it cannot be told apart.").ToList();
        var values = new List<(Parameter<T> To, T[] From)>();
        for (var i = 0; i < own.Length; i++)
        {
            try
            {
                values.AddRange(Layer(theirs[i], own[i].Key, [.. own[i].Select(index => parameters[index])], network, format, isFlipped));
            }
            catch (Exception exception) when (exception is ArgumentException or NotSupportedException or InvalidDataException)
            {
                misfits.Add($"'{theirs[i].Name}' as {network.Layers[own[i].Key].Name}: {WithoutParameter(exception.Message)}");
            }
        }

        if (misfits.Count > 0) throw new InvalidDataException($"{name}: its weights do not fit the network '{network.Name}': {string.Join(" ", misfits.Take(8))}");
        foreach (var (to, from) in values)
        {
            var broken = Array.FindIndex(from, static value => !T.IsFinite(value));
            if (broken >= 0) throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{name}: an element for {to.Name} {to.Description.Shape} is {from[broken]}, not a finite number."));
        }

        foreach (var (to, from) in values) from.CopyTo(to.Span);
    }

    private static List<(Parameter<T> To, T[] From)> Layer<T>(
        KerasLayer from, int index, Parameter<T>[] parameters, NetworkDescription network, KerasDataFormat format, bool isFlipped)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var inputs = network.InputShapes(index, 1);
        var taken = 0;
        var read = parameters.Select(parameter => (parameter, network.Layers[index] switch
        {
            Convolution convolution => Convolved(convolution.Operator.Sharing.IsShared ? isFlipped : false, parameter, convolution.Resolve(inputs), "kernel", "depthwise_kernel"),
            TransposedConvolution transposed => Convolved(isFlipped, parameter, transposed.Resolve(inputs), "kernel"),
            Dense => parameter.Role == ParameterRole.Bias ? Values(parameter, Wanted(parameter, "bias")) : Matrix(parameter, Wanted(parameter, "kernel"), FlatFeatures.Source(network, index)),
            BatchNormalisation => Reordered(Normalised(parameter), inputs[0].Count == 2 ? FlatFeatures.Source(network, index) : null),
            _ => throw new NotSupportedException($"a {network.Layers[index].Kind} layer has no counterpart in Keras that is read."),
        })).ToList();
        if (taken < from.Weights.Count)
            throw new InvalidDataException($"it has {Few(from.Weights.Select(static weight => $"{weight.Key} {weight.Value.Shape}"))}, of which the layer takes {taken} ({Few(parameters.Select(static parameter => $"{parameter.Name} {parameter.Description.Shape}"))}).");
        return read;

        NpyArray Wanted(Parameter<T> parameter, params ReadOnlySpan<string> kinds)
        {
            if (from.Find(kinds) is not { } array)
                throw new InvalidDataException($"there is no '{kinds[0]}' for {parameter.Name} {parameter.Description.Shape}; it has {Few(from.Weights.Select(static weight => $"{weight.Key} {weight.Value.Shape}"))}.");
            taken++;
            return array;
        }

        T[] Convolved(bool backwards, Parameter<T> parameter, OperatorGeometry geometry, params ReadOnlySpan<string> kinds)
        {
            if (parameter.Role == ParameterRole.Bias)
            {
                var bias = Wanted(parameter, "bias");
                return parameter.Description.Shape.Count == 1 ? Values(parameter, bias) : Flat(KerasLocal.Layout(format).ReadBias<T>(geometry, bias.ToTensor<T>()));
            }

            var kernel = Wanted(parameter, kinds);
            if (geometry.HasTileAxes) return Flat(KerasLocal.ReadKernel<T>(geometry, format, kernel.ToTensor<T>()));
            var isDepthwise = geometry.Groups == geometry.InputChannels && from.Find("depthwise_kernel") is not null;
            var values = Flat(isDepthwise ? Depthwise<T>(geometry, kernel) : WeightLayout.KerasChannelsLast.ReadKernel<T>(geometry, kernel.ToTensor<T>()));
            if (!backwards) return values;
            var volume = (int)geometry.KernelSize.Product;
            for (var start = 0; start < values.Length; start += volume) Array.Reverse(values, start, volume);
            return values;
        }

        T[] Normalised(Parameter<T> parameter)
        {
            var (kind, missing) = parameter.Role switch
            {
                ParameterRole.Scale => ("gamma", T.One),
                ParameterRole.Shift => ("beta", T.Zero),
                _ => (parameter.Name.EndsWith(".mean", StringComparison.Ordinal) ? "moving_mean" : "moving_variance", T.NaN),
            };
            // Keras leaves out the scale or the shift that it is told to do without.
            if (!T.IsNaN(missing) && from.Find(kind) is null) return [.. Enumerable.Repeat(missing, parameter.Span.Length)];
            return Values(parameter, Wanted(parameter, kind));
        }
    }

    /// <summary>[kR, kC, C, multiplier] with output channel c · multiplier + j: the same memory as [kR, kC, 1, C · multiplier].</summary>
    private static Tensor<T> Depthwise<T>(OperatorGeometry geometry, NpyArray array)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var shape = geometry.KernelSize.Append([geometry.InputChannels, geometry.OutputChannels / geometry.InputChannels]);
        if (array.Shape != shape) throw new InvalidDataException($"the kernel array is {array.Shape}, but this layer's is {shape}.");
        return WeightLayout.KerasChannelsLast.ReadKernel<T>(geometry, Tensor.Create(array.ToArray<T>(), geometry.KernelSize.Append([1, geometry.OutputChannels]).ToLengths()));
    }

    /// <summary>[C, M] with the inputs in Keras' order, to [M, C] with them in this library's.</summary>
    private static T[] Matrix<T>(Parameter<T> parameter, NpyArray array, Sizes? source)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int outputs = parameter.Description.Shape[0], features = parameter.Description.Shape[1];
        if (array.Shape != [features, outputs]) throw new InvalidDataException($"the kernel array is {array.Shape}, but this layer's is {features}×{outputs}.");
        var values = array.ToArray<T>();
        var matrix = new T[values.Length];
        for (var feature = 0; feature < features; feature++)
        {
            var keras = KerasFeature(feature, features, source);
            for (var output = 0; output < outputs; output++) matrix[(output * features) + feature] = values[(keras * outputs) + output];
        }

        return matrix;
    }

    /// <summary>One number for each feature, from Keras' order to this library's.</summary>
    private static T[] Reordered<T>(T[] values, Sizes? source) => [.. values.Select((_, feature) => values[KerasFeature(feature, values.Length, source)])];

    /// <summary>Where Keras has the feature that this library has at a place: positions first and channels last.</summary>
    private static int KerasFeature(int feature, int features, Sizes? source)
    {
        var channels = source is { } shape ? shape[0] : features;
        var positions = features / channels;
        return (feature % positions * channels) + (feature / positions);
    }

    private static T[] Values<T>(Parameter<T> parameter, NpyArray array)
        where T : unmanaged, IFloatingPointIeee754<T> => array.Shape == parameter.Description.Shape
        ? array.ToArray<T>()
        : throw new InvalidDataException($"the array is {array.Shape}, but {parameter.Name} is {parameter.Description.Shape}.");

    private static T[] Flat<T>(Tensor<T> tensor)
    {
        var values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static string Few(IEnumerable<string> names)
    {
        var all = names.ToArray();
        return string.Join(", ", all.Take(8)) + (all.Length > 8 ? ", …" : "");
    }

    /// <summary>.NET appends the name of a parameter that nobody here has set.</summary>
    private static string WithoutParameter(string message)
    {
        var end = message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
