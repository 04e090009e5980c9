using SkiaSharp;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Fuzz;

/// <summary>The files that fuzzing begins with: small ones of Tessera's own writers, and ONNX's node tests with all inputs but one made initialisers.</summary>
internal static class Seeds
{
    /// <param name="folder">A folder for each reader is made in it.</param>
    /// <param name="models">Folders with a model.onnx and a test_data_set_0.</param>
    public static void Write(string folder, IReadOnlyList<string> models)
    {
        foreach (var reader in CoreReaders.All.Concat(OnnxReaders.All).Concat(ImagingReaders.All)) Directory.CreateDirectory(Path.Combine(folder, reader.Name));
        Arrays(folder);
        Images(Path.Combine(folder, "idx"));
        Checkpoints(folder);
        Pictures(Path.Combine(folder, "png"));
        Photographs(Path.Combine(folder, "jpeg"));
        foreach (var model in models)
        {
            foreach (var isFolded in new[] { false, true })
            {
                if (OnnxSeed(model, isFolded) is not { Length: < 4096 } bytes) continue;
                foreach (var reader in OnnxReaders.All) File.WriteAllBytes(Path.Combine(folder, reader.Name, Path.GetFileName(model) + (isFolded ? "_folded" : "")), bytes);
            }
        }
    }

    private static void Arrays(string folder)
    {
        (string Name, NpyArray Array)[] arrays =
        [
            ("float", NpyArray.Create<float>([2, 3], [1, 2, 3, 4, 5, float.NaN])),
            ("double", NpyArray.Create<double>([2], [0.5, -1])),
            ("long", NpyArray.Create<long>([3, 1], [1, 2, 3])),
            ("byte", NpyArray.Create<byte>([4], [1, 2, 3, 4])),
            ("half", NpyArray.Create<Half>([2], [(Half)1, (Half)2])),
            ("empty", NpyArray.Create<double>([0, 5], [])),
            ("number", NpyArray.Create<int>([], [7])),
        ];
        foreach (var (name, array) in arrays)
        {
            using var stream = File.Create(Path.Combine(folder, "npy", name));
            NpyFile.Write(stream, array);
        }

        NpzFile.Write(Path.Combine(folder, "npz", "stored"), arrays.Take(2).Select(static array => KeyValuePair.Create(array.Name, array.Array)));
        NpzFile.Write(Path.Combine(folder, "npz", "deflated"), arrays.Skip(2).Take(2).Select(static array => KeyValuePair.Create(array.Name, array.Array)), compress: true);
        SafetensorsFile.Write(
            Path.Combine(folder, "safetensors", "two"),
            [SafetensorsTensor.Create<float>("a", [2, 2], new float[] { 1, 2, 3, 4 }), SafetensorsTensor.Create<Half>("b", [], new[] { (Half)1 }), SafetensorsTensor.Create<long>("c", [0, 3], Array.Empty<long>())],
            new Dictionary<string, string> { ["format"] = "test" });
        SafetensorsFile.Write(Path.Combine(folder, "safetensors", "none"), []);
    }

    private static void Images(string folder)
    {
        byte[] plain = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        File.WriteAllBytes(Path.Combine(folder, "plain"), plain);
        using var zipped = new System.IO.Compression.GZipStream(File.Create(Path.Combine(folder, "zipped")), System.IO.Compression.CompressionLevel.Optimal);
        zipped.Write(plain);
    }

    private static void Pictures(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, "grey"), Picture(3, 2, 8, 0, isInterlaced: false, [0, 1, 2, 3, 1, 4, 5, 6]));
        File.WriteAllBytes(Path.Combine(folder, "bits"), Picture(5, 2, 1, 0, isInterlaced: false, [0, 0xA8, 2, 0x50]));
        File.WriteAllBytes(Path.Combine(folder, "colour"), Picture(1, 3, 16, 6, isInterlaced: false, [4, 1, 2, 3, 4, 5, 6, 7, 8, 3, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 2, 3, 4, 5, 6, 7, 8]));
        File.WriteAllBytes(Path.Combine(folder, "palette"), Picture(2, 2, 8, 3, isInterlaced: true, [0, 0, 0, 1, 0, 1, 0]));
    }

    private static void Photographs(string folder)
    {
        foreach (var (name, type, width, height) in new[] { ("grey", SKColorType.Gray8, 9, 5), ("colour", SKColorType.Rgba8888, 17, 3), ("one", SKColorType.Rgba8888, 1, 1) })
        {
            using var bitmap = new SKBitmap(width, height, type, SKAlphaType.Opaque);
            for (var place = 0; place < width * height; place++) bitmap.SetPixel(place % width, place / width, new SKColor((byte)(place * 7), (byte)(place * 13), (byte)(255 - place)));
            using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 60);
            File.WriteAllBytes(Path.Combine(folder, name), data.ToArray());
        }
    }

    private static byte[] Picture(byte width, byte height, byte depth, byte type, bool isInterlaced, byte[] rows)
    {
        using var packed = new MemoryStream();
        using (var zipped = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true)) zipped.Write(rows);
        return ImagingReaders.WithChecksums(
        [
            0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A,
            .. Chunk("IHDR"u8, [0, 0, 0, width, 0, 0, 0, height, depth, type, 0, 0, (byte)(isInterlaced ? 1 : 0)]),
            .. type == 3 ? Chunk("PLTE"u8, [1, 2, 3, 4, 5, 6]) : [],
            .. type == 3 ? Chunk("tRNS"u8, [128]) : [],
            .. Chunk("IDAT"u8, packed.ToArray()),
            .. Chunk("IEND"u8, []),
        ]);
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] content) => [0, 0, (byte)(content.Length >> 8), (byte)content.Length, .. type, .. content, 0, 0, 0, 0];

    private static void Checkpoints(string folder)
    {
        var model = new ModelDescription(
            new NetworkDescription("net", [1, 4, 4], [new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 2 }), new BatchNormalisation(), new Relu(), new Flatten(), new Dense(2)]), new TrainingDescription(), new DataDescription());
        Checkpoint.Save(Path.Combine(folder, "checkpoint", "network"), model, NetworkParameters<float>.Create(model.Network, seed: 1));
        ModelJson.Write(Path.Combine(folder, "model", "network"), model);
        var machine = ReconstructionJson.Parse("""{ "input": [1, 4, 4], "beliefNet": [{ "kernel": [2, 2], "outputs": 2 }] }""");
        ReconstructionJson.Write(Path.Combine(folder, "reconstruction", "machine"), machine);
        CheckpointFile.Write(Path.Combine(folder, "reconstruction-checkpoint", "machine"), ReconstructionJson.Format(machine), [SafetensorsTensor.Create<float>("weights", [2], new float[2])], null);
        using var stream = new MemoryStream();
        OnnxExport.Write(stream, NetworkParameters<float>.Create(model.Network, seed: 1));
        foreach (var reader in OnnxReaders.All) File.WriteAllBytes(Path.Combine(folder, reader.Name, "own"), stream.ToArray());
    }

    /// <summary>
    /// A node test's model whose inputs, all but the first, are the test's numbers as initialisers; null where it has no input. Or all of them,
    /// beside an input that nothing takes, so that the node is computed while importing.
    /// </summary>
    private static byte[]? OnnxSeed(string folder, bool isFolded)
    {
        var model = File.ReadAllBytes(Path.Combine(folder, "model.onnx"));
        var data = Path.Combine(folder, "test_data_set_0");
        var inputs = Enumerable.Range(0, 16).Select(index => Path.Combine(data, $"input_{index}.pb")).TakeWhile(File.Exists).Select(File.ReadAllBytes).ToArray();
        if (inputs.Length == 0) return null;
        // Fields of a message may stand in any order: initialisers go to the graph's end.
        var position = 0;
        while (position < model.Length)
        {
            var start = position;
            var tag = Varint(model, ref position);
            if ((tag & 7) == 0)
            {
                Varint(model, ref position);
                continue;
            }

            var length = (int)Varint(model, ref position);
            if (tag != (7 << 3 | 2))
            {
                position += length;
                continue;
            }

            byte[] graph =
            [
                .. model.AsSpan(position, length),
                .. inputs.Skip(isFolded ? 0 : 1).SelectMany(static tensor => (byte[])[(5 << 3) | 2, .. Varint(tensor.Length), .. tensor]),
                .. isFolded ? FreeInput : [],
            ];
            return [.. model.AsSpan(0, start), (7 << 3) | 2, .. Varint(graph.Length), .. graph, .. model.AsSpan(position + length)];
        }

        return null;
    }

    /// <summary>Field 11 of a graph: an input "free" of float [1, 2].</summary>
    private static byte[] FreeInput => [(11 << 3) | 2, 22, 10, 4, .. "free"u8, 18, 14, 10, 12, 8, 1, 18, 8, 10, 2, 8, 1, 10, 2, 8, 2];

    private static ulong Varint(byte[] bytes, ref int position)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var piece = bytes[position++];
            value |= (ulong)(piece & 0x7F) << shift;
            if (piece < 0x80) return value;
        }
    }

    private static byte[] Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
