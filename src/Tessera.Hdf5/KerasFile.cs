using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using PureHDF;
using PureHDF.VOL.Native;
using Tessera.Files;
using Tessera.Weights;

namespace Tessera.Hdf5;

/// <summary>
/// A model or its weights as Keras 2 saves them in HDF5 (<c>model.save("x.h5")</c>, <c>model.save_weights("x.h5")</c>): a group for each layer of the
/// attribute <c>layer_names</c>, in it the arrays of its attribute <c>weight_names</c>, in that order. <see cref="KerasWeights"/> puts them into a network. What arrays declare is bounded;
/// lengths inside HDF5's own structures are believed by the library that reads them, so that a hostile file may make it take up to 2 GB before it is refused.
/// </summary>
public sealed class KerasFile
{
    private const long LeastLimit = 64L << 20;
    private const int MostNames = 100_000;

    private KerasFile(IReadOnlyList<KerasLayer> layers, KerasDataFormat? dataFormat, bool isFlipped) => (Layers, DataFormat, IsFlipped) = (layers, dataFormat, isFlipped);

    /// <summary>The layers that have weights, in the order of the model.</summary>
    public IReadOnlyList<KerasLayer> Layers { get; }

    /// <summary>Where the model has its channels, where the file has the model too and all its layers agree; else null.</summary>
    public KerasDataFormat? DataFormat { get; }

    /// <summary>Whether shared kernels are laid over the input backwards: those of a model that ran on Theano.</summary>
    public bool IsFlipped { get; }

    /// <summary>Reads all weights of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no HDF5 file, or none of Keras 2's, or is damaged, or declares arrays larger than 64 times the file and 64 MiB; the message names the file and the array.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotSupportedException">The program was compiled ahead of time: the HDF5 reader makes code as it runs.</exception>
    public static KerasFile Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        // Ahead-of-time compilers know the answer, and leave the HDF5 reader out of the program.
        if (!RuntimeFeature.IsDynamicCodeSupported)
            throw new NotSupportedException($"{path}: HDF5 files cannot be read by a program that was compiled ahead of time; run it on the .NET runtime, or give the arrays as a .npz file: numpy.savez(path, **{{w.name: w.numpy() for w in model.weights}}).");
        return ReadFile(path);
    }

    private static KerasFile ReadFile(string path)
    {
        var limit = Math.Max(LeastLimit, new FileInfo(path).Length * 64);
        try
        {
            using var file = H5File.OpenRead(path);
            var isWhole = !file.AttributeExists("layer_names") && !file.AttributeExists("layer_names0") && file.LinkExists("model_weights");
            var root = isWhole ? file.Group("model_weights") : file;
            var layers = Names(root, "layer_names", path);
            if (layers.Count == 0) throw new InvalidDataException($"{path}: there is no attribute 'layer_names'; it is no model or weights file of Keras 2 (a .keras file is a zip that holds one of another kind).");
            var weights = new List<KerasLayer>();
            var left = limit;
            foreach (var layer in layers)
            {
                var group = root.Group(layer);
                var arrays = Names(group, "weight_names", path).Select(name => new KeyValuePair<string, NpyArray>(name, Array(group.Dataset(name), $"{path}: {layer}/{name}", ref left))).ToArray();
                weights.AddRange(KerasLayer.Group(arrays));
            }

            return new KerasFile(weights, FormatOf(file), IsTheano(root));
        }
        catch (Exception exception) when (exception is not (InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException))
        {
            // The HDF5 reader meets damage with whatever exception the damage leads to, want of memory among them: it believes the lengths it reads.
            throw new InvalidDataException($"{path}: not an HDF5 file of Keras, or a damaged one: {exception.Message}", exception);
        }
    }
    /// <summary>A list of names in an attribute, or in several with numbers behind the name where one was too small for them all.</summary>
    private static List<string> Names(IH5Object holder, string attribute, string path)
    {
        var names = new List<string>();
        if (holder.AttributeExists(attribute)) Add(attribute);
        else for (var piece = 0; holder.AttributeExists(Piece(piece)); piece++) Add(Piece(piece));
        return names;

        string Piece(int number) => string.Create(CultureInfo.InvariantCulture, $"{attribute}{number}");

        void Add(string name)
        {
            var found = holder.Attribute(name);
            var count = found.Space.Dimensions.Aggregate(1UL, static (product, size) => product > MostNames ? product : product * Math.Min(size, MostNames + 1UL));
            if (count + (ulong)names.Count > MostNames) throw new InvalidDataException($"{path}: the attribute '{name}' of '{holder.Name}' has {count} names; at most {MostNames} are read.");
            // An empty list is saved as an empty array of numbers.
            if (count > 0 && found.Space.Type != H5DataspaceType.Null) names.AddRange(found.Read<string[]>());
        }
    }

    private static NpyArray Array(IH5Dataset dataset, string name, ref long left)
    {
        var dimensions = dataset.Space.Dimensions;
        var type = dataset.Type;
        if (type.Class != H5DataTypeClass.FloatingPoint || type.Size is not (2 or 4 or 8))
            throw new InvalidDataException($"{name}: elements are {type.Class} of {type.Size} bytes; weights are floats of 2, 4 or 8.");
        var bytes = dimensions.Aggregate((UInt128)(uint)type.Size, static (product, size) => product > ulong.MaxValue ? product : product * size);
        if (dimensions.Any(static size => size > int.MaxValue) || bytes > (ulong)left)
            throw new InvalidDataException($"{name}: an array of {string.Join('×', dimensions)} is more than a file of this length is trusted with: {left} bytes are left of 64 times its length.");
        left -= (long)bytes;
        Sizes shape = [.. dimensions.Select(static size => (int)size)];
        return type.Size switch
        {
            2 => Of<Half>(dataset, shape),
            4 => Of<float>(dataset, shape),
            _ => Of<double>(dataset, shape),
        };
    }

    private static NpyArray Of<T>(IH5Dataset dataset, Sizes shape)
        where T : unmanaged => NpyArray.Create<T>(shape, shape.Count == 0 ? [dataset.Read<T>()] : shape.Contains(0) ? [] : dataset.Read<T[]>());

    private static bool IsTheano(IH5Object root) => root.AttributeExists("backend") && root.Attribute("backend").Read<string>() == "theano";

    /// <summary>The one data format of all layers in the model's configuration; null where there is none or they differ.</summary>
    private static KerasDataFormat? FormatOf(NativeFile file)
    {
        if (!file.AttributeExists("model_config")) return null;
        using var configuration = JsonDocument.Parse(file.Attribute("model_config").Read<string>(), new JsonDocumentOptions { MaxDepth = 256 });
        var formats = new HashSet<string?>(StringComparer.Ordinal);
        Collect(configuration.RootElement);
        return formats.Count != 1 ? null : formats.Single() switch
        {
            "channels_last" => KerasDataFormat.ChannelsLast,
            "channels_first" => KerasDataFormat.ChannelsFirst,
            _ => null,
        };

        void Collect(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in element.EnumerateArray()) Collect(item);
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in element.EnumerateObject())
                {
                    if (property.Name == "data_format" && property.Value.ValueKind == JsonValueKind.String) formats.Add(property.Value.GetString());
                    else Collect(property.Value);
                }
            }
        }
    }
}
