using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>An ONNX model as the commands take one: imported on the fly, with a training that suits what it gives.</summary>
internal static class OnnxModel
{
    /// <summary>Whether a path is to be read as an ONNX model.</summary>
    public static bool Recognises(string path) => path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);

    /// <summary>Imports the model at <paramref name="path"/>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It cannot be imported; the message lists the operators that are not read.</exception>
    /// <exception cref="UsageException">The settings do not go with it.</exception>
    public static TrainedModel Read(string path, OnnxModelSettings settings)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.");
        var imported = Import(path, settings.Import);
        var parameters = settings.ChannelsFirst ? ChannelsFirst.Of(imported.Parameters) : imported.Parameters;
        var network = parameters.Network;
        var data = new DataDescription { Normalisation = settings.NormalisationOf(network.InputShape), ClassNames = settings.ReadClassNames() };
        var scores = network.OutputShape(1).From(1);
        if (data.ClassNames.Count > 0 && scores.Product != data.ClassNames.Count)
            throw new UsageException($"--classes: {data.ClassNames.Count} names, but {path} gives [{string.Join(", ", scores)}], {scores.Product} numbers; give a name for each.");

        // A network that was trained elsewhere is changed a little, not learnt anew: a tenth of the usual rate.
        var training = new TrainingDescription { Loss = settings.Loss ?? LossOf(network, data.ClassNames.Count > 0), Optimiser = new Adam { LearningRate = 1e-4 } };
        return new TrainedModel(new ModelDescription(network, training, data), parameters) { InputName = imported.InputName, Inputs = imported.Inputs, Outputs = imported.Outputs };
    }

    private static ImportedNetwork Import(string path, OnnxImportOptions options)
    {
        try
        {
            return OnnxImport.Read(path, options);
        }
        catch (InvalidDataException exception) when (exception.Message.Contains(nameof(OnnxImportOptions), StringComparison.Ordinal))
        {
            // The library names the properties that its users set; the tool's users have options for them.
            throw new InvalidDataException(
                exception.Message
                    .Replace($"{nameof(OnnxImportOptions)}.{nameof(OnnxImportOptions.InputShapes)}", "--input-shape name=", StringComparison.Ordinal)
                    .Replace($"{nameof(OnnxImportOptions)}.{nameof(OnnxImportOptions.InputShape)}", "--input-shape", StringComparison.Ordinal)
                    .Replace($"{nameof(OnnxImportOptions)}.{nameof(OnnxImportOptions.Input)}, or {nameof(OnnxImportOptions)}.{nameof(OnnxImportOptions.Inputs)} for several", "--input, again for several", StringComparison.Ordinal)
                    .Replace($"{nameof(OnnxImportOptions)}.{nameof(OnnxImportOptions.Constants)}", "--constant", StringComparison.Ordinal),
                exception);
        }
    }

    /// <summary>
    /// What the output was most likely trained with: what its last layer says, or else, of one row of scores, cross-entropy. A softmax that other
    /// layers follow has been applied already and must not be implied once more.
    /// </summary>
    private static Loss LossOf(NetworkDescription network, bool hasClasses)
    {
        var shape = network.OutputShape(1);
        return network.Layers[^1] switch
        {
            Softmax softmax => softmax.Axis is 1 || softmax.Axis == 1 - shape.Count ? new CrossEntropy() : new MeanSquaredError(),
            Sigmoid => new BinaryCrossEntropy(),
            _ => (hasClasses || network.FurtherOutputs.Count == 0) && shape.Count == 2 && shape[1] > 1 && !EndsInProbabilities(network) ? new CrossEntropy() : new MeanSquaredError(),
        };
    }

    /// <summary>Whether a softmax or sigmoid is the last layer that computes anything.</summary>
    private static bool EndsInProbabilities(NetworkDescription network)
    {
        var at = network.Layers.Count - 1;
        while (at > 0 && network.Layers[at] is Reshape or Flatten or Permute or Dropout)
        {
            var source = network.Layers[at].Inputs.Count == 0 ? network.Layers[at - 1] : network.Find(network.Layers[at].Inputs[0]);
            if (source is null) return false;
            at = network.Layers.ToList().IndexOf(source);
        }

        return network.Layers[at] is Softmax or Sigmoid;
    }
}
