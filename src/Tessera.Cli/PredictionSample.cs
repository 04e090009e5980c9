using Tessera.Data;
using Tessera.Files;
using Tessera.Imaging;

namespace Tessera.Cli;

/// <summary>One sample for a network, in its shape, images from 0 to 1: out of a file or a dataset.</summary>
internal sealed record PredictionSample(string Name, float[] Values, string? Label)
{
    /// <summary>What a heading calls it: its name and, where it is known, its class.</summary>
    public string Title => Label is null ? Path.GetFileName(Name) : $"{Name} ({Label})";

    /// <summary>The one sample that a command is given: a file, or else a sample of data, which is read only then.</summary>
    /// <exception cref="UsageException">There is no such sample, or a file holds several.</exception>
    public static PredictionSample Single(Sizes shape, string? file, Func<Dataset> data, int index)
    {
        if (file is null) return FromData(data(), [index]).Single();
        var samples = FromFile(file, shape).Take(2).ToArray();
        return samples.Length == 1 ? samples[0] : throw new UsageException($"{file}: it holds several samples or none; give a file with one.");
    }

    /// <summary>The samples of an image or .npy file, or of a .npz with an array for each of several inputs.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">The shape of one sample.</param>
    /// <param name="inputs">What of a sample goes into which input of a model with several; null for one.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or its shape is not the network's.</exception>
    public static IEnumerable<PredictionSample> FromFile(string path, Sizes shape, IReadOnlyList<(string Name, Sizes Shape)>? inputs = null)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.");
        if (path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) && inputs is { Count: > 1 }) return FromArrays(path, inputs);
        return path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? FromArray(path, shape) : [FromImage(path, shape)];
    }

    /// <summary>Samples of a dataset with their labels.</summary>
    /// <exception cref="UsageException">There is no such sample.</exception>
    public static IEnumerable<PredictionSample> FromData(Dataset data, IEnumerable<int> indices) => indices.Select(index =>
    {
        if (index >= data.Count) throw new UsageException($"--index: there is no sample {index}; the test samples go from 0 to {data.Count - 1}.");
        var values = new float[data.SampleShape.Product];
        data.Read(index, values);
        return new PredictionSample($"sample {index}", values, data.IsLabelled ? data.ClassNames[data.Label(index)] : null);
    });

    /// <summary>Turns light into dark.</summary>
    public void Invert()
    {
        for (var i = 0; i < Values.Length; i++) Values[i] = 1 - Values[i];
    }

    private static PredictionSample FromImage(string path, Sizes shape)
    {
        // Networks from elsewhere may have their channels last.
        var isFirst = shape.Count == 3 && shape[0] is 1 or 3;
        if (!isFirst && (shape.Count != 3 || shape[2] is not (1 or 3))) throw new InvalidDataException($"{path}: the network takes samples of {shape}, which are no images; give .npy files.");
        var (channels, height, width) = isFirst ? (shape[0], shape[1], shape[2]) : (shape[2], shape[0], shape[1]);
        var image = ImageFile.Read(path, channels == 1 ? ImageColour.Grey : ImageColour.Colour);
        if (image.Height != height || image.Width != width) image = ImageResize.Resize(image, height, width);
        var values = new float[image.Pixels.Length];
        for (var c = 0; c < channels; c++)
        {
            for (var p = 0; p < height * width; p++) values[isFirst ? (c * height * width) + p : (p * channels) + c] = image.Pixels[(c * height * width) + p] / 255f;
        }

        return new PredictionSample(path, values, null);
    }

    private static IEnumerable<PredictionSample> FromArray(string path, Sizes shape)
    {
        var (values, count, isOne) = Numbers(NpyFile.Read(path), path, shape);
        if (count == 0) yield break;
        var each = values.Length / count;
        for (var n = 0; n < count; n++) yield return new PredictionSample(isOne ? path : $"{path}[{n}]", values[(n * each)..((n + 1) * each)], null);
    }

    /// <summary>Samples of several inputs, each input's numbers behind those of the one before it.</summary>
    private static IEnumerable<PredictionSample> FromArrays(string path, IReadOnlyList<(string Name, Sizes Shape)> inputs)
    {
        var known = NpzFile.Names(path);
        var missing = inputs.FirstOrDefault(input => !known.Contains(input.Name)).Name;
        if (missing is not null) throw new InvalidDataException($"{path}: it has no array '{missing}'; the model takes {string.Join(", ", inputs.Select(static input => $"'{input.Name}' {input.Shape}"))}, and the file has {string.Join(", ", known)}.");
        var parts = inputs.Select(input => Numbers(NpzFile.Read(path, input.Name), $"{path}: {input.Name}", input.Shape)).ToArray();
        var count = parts[0].Count;
        for (var input = 1; input < parts.Length; input++)
        {
            if (parts[input].Count != count) throw new InvalidDataException($"{path}: '{inputs[0].Name}' has {count} samples and '{inputs[input].Name}' {parts[input].Count}; give as many of each.");
        }

        for (var n = 0; n < count; n++) yield return new PredictionSample(count == 1 ? path : $"{path}[{n}]", [.. parts.SelectMany(part => part.Values.Skip(n * (part.Values.Length / count)).Take(part.Values.Length / count))], null);
    }

    /// <summary>The numbers of one sample or several.</summary>
    private static (float[] Values, int Count, bool IsOne) Numbers(NpyArray array, string path, Sizes shape)
    {
        var isOne = array.Shape == shape || (shape[0] == 1 && array.Shape == shape.From(1));
        if (!isOne && (array.Shape.Count < 2 || (array.Shape.From(1) != shape && !(shape[0] == 1 && array.Shape.From(1) == shape.From(1)))))
        {
            throw new InvalidDataException($"{path}: it holds {array.Shape}, but the network takes one sample {shape} or several N×{shape}.");
        }

        var values = array.ToArray<float>();
        var broken = Array.FindIndex(values, value => !float.IsFinite(value));
        if (broken >= 0) throw new InvalidDataException($"{path}: element {broken} is not a finite number; clean the data first.");
        if (array.Type == ElementType.UInt8) values = Array.ConvertAll(values, value => value / 255f);
        return (values, values.Length / (int)shape.Product, isOne);
    }
}
