using System.Globalization;

namespace Tessera.Training;

/// <summary>Whether a checkpoint is of the training that is to go on from it: all that decides its bits must be the same, but for epochs, rates and threads.</summary>
internal static class ResumeMatch
{
    /// <summary>Throws where it is not; the message has the setting and both its values.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="kept">Its model.</param>
    /// <param name="keptSamples">Its numbers of training and validation examples.</param>
    /// <param name="model">The model to train on.</param>
    /// <param name="samples">The numbers of examples now.</param>
    public static void Check(string path, ModelDescription kept, (long Training, long Validation) keptSamples, ModelDescription model, (long Training, long Validation) samples)
    {
        CheckLayers(path, kept, model);
        Same("seed", kept.Training.Seed, model.Training.Seed);
        Same("batch size", kept.Training.BatchSize, model.Training.BatchSize);
        Same("loss", kept.Training.Loss.Name, model.Training.Loss.Name);
        Same("target", kept.Training.Target, model.Training.Target);
        Same("optimiser", kept.Training.Optimiser.Name, model.Training.Optimiser.Name);
        Same("exactness", kept.Training.Exact ? "on" : "off", model.Training.Exact ? "on" : "off");
        Same("measure", kept.Training.Measure, model.Training.Measure);
        Same("keeping of the best", kept.Training.KeepBest ? "on" : "off", model.Training.KeepBest ? "on" : "off");
        Same("number of training examples", keptSamples.Training, samples.Training);
        Same("number of validation examples", keptSamples.Validation, samples.Validation);
        if (kept.Data.Augmentation.Equals(model.Data.Augmentation) && Equals(kept.Data.Normalisation, model.Data.Normalisation)) return;
        throw new InvalidDataException($"{path}: its training augments or normalises samples otherwise than the one to resume, or was on other data; resume with the same, or train anew.");

        void Same(string what, IConvertible own, IConvertible now)
        {
            if (own.Equals(now)) return;
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"{path}: its training has the {what} {own}, but the one to resume has {now}; use {own}, or train anew."));
        }
    }

    private static void CheckLayers(string path, ModelDescription kept, ModelDescription model)
    {
        var (own, now) = (kept.Network, model.Network);
        if (own.InputShape != now.InputShape) throw new InvalidDataException($"{path}: its network's input is {own.InputShape}, but that of the network to resume is {now.InputShape}.");
        for (var i = 0; i < Math.Min(own.Layers.Count, now.Layers.Count); i++)
        {
            if (own.Layers[i].Equals(now.Layers[i])) continue;
            throw new InvalidDataException(
                $"{path}: layer {i + 1} of its network is '{own.Layers[i].Name}' ({own.Layers[i].Kind}), and '{now.Layers[i].Name}' ({now.Layers[i].Kind}) of the network to resume differs from it; resume the same network, or train anew.");
        }

        if (own.Layers.Count != now.Layers.Count) throw new InvalidDataException($"{path}: its network has {own.Layers.Count} layers, but the one to resume has {now.Layers.Count}; resume the same network, or train anew.");
    }
}
