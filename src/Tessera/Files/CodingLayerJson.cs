using System.Text.Json;
using Tessera.Networks.Layers;

namespace Tessera.Files;

/// <summary>The keys of layers that autoencoders are made with: tied decoders, noise, penalties on codes, and codes that are drawn.</summary>
internal static class CodingLayerJson
{
    public static LayerKind[] Kinds { get; } =
    [
        LayerKind.Of("tied-transpose", ReadTied, WriteTied),
        LayerKind.Of("noise", ReadNoise, WriteNoise),
        LayerKind.Of("sparsity", ReadSparsity, WriteSparsity),
        LayerKind.Of(
            "gaussian-sample",
            keys => new GaussianSample { Weight = keys.Optional("weight")?.Real(0) ?? new GaussianSample().Weight },
            (writer, layer) => writer.WriteNumber("weight", layer.Weight)),
    ];

    private static TiedTranspose ReadTied(LocatedObject keys) =>
        new(keys.Required("of").NonEmptyText()) { Bias = keys.Optional("bias")?.Truth() ?? true };

    private static void WriteTied(Utf8JsonWriter writer, TiedTranspose layer)
    {
        writer.WriteString("of", layer.Of);
        if (!layer.Bias) writer.WriteBoolean("bias", false);
    }

    private static Noise ReadNoise(LocatedObject keys)
    {
        var word = keys.Required("noise").OneOf("gaussian", "masking", "salt-and-pepper");
        LocatedValue? deviation = keys.Optional("deviation"), fraction = keys.Optional("fraction"), least = keys.Optional("least"), most = keys.Optional("most");
        if (word == "gaussian")
        {
            Refuse(fraction, word, "deviation");
            Refuse(least ?? most, word, "deviation");
            return Noise.Gaussian(keys.Required("deviation").Real(0));
        }

        Refuse(deviation, word, "fraction");
        if (word == "salt-and-pepper") return Noise.SaltAndPepper(keys.Required("fraction").Real(0, 1), least?.Real() ?? 0, most?.Real() ?? 1);
        Refuse(least ?? most, word, "fraction");
        return Noise.Masking(keys.Required("fraction").Real(0, 1));
    }

    private static void WriteNoise(Utf8JsonWriter writer, Noise layer)
    {
        writer.WriteString("noise", layer.Corruption switch { NoiseKind.Gaussian => "gaussian", NoiseKind.Masking => "masking", _ => "salt-and-pepper" });
        writer.WriteNumber(layer.Corruption == NoiseKind.Gaussian ? "deviation" : "fraction", layer.Amount);
        if (layer.Corruption != NoiseKind.SaltAndPepper) return;
        if (layer.Least != 0) writer.WriteNumber("least", layer.Least);
        if (layer.Most != 1) writer.WriteNumber("most", layer.Most);
    }

    private static Sparsity ReadSparsity(LocatedObject keys)
    {
        var word = keys.Required("penalty").OneOf("l1", "kl");
        var weight = keys.Required("weight").Real();
        var target = keys.Optional("target");
        if (word == "kl") return Sparsity.RelativeEntropy(weight, keys.Required("target").Real());
        Refuse(target, word, "weight");
        return Sparsity.MeanMagnitude(weight);
    }

    private static void WriteSparsity(Utf8JsonWriter writer, Sparsity layer)
    {
        writer.WriteString("penalty", layer.Penalty == SparsityPenalty.L1 ? "l1" : "kl");
        writer.WriteNumber("weight", layer.Weight);
        if (layer.Penalty == SparsityPenalty.RelativeEntropy) writer.WriteNumber("target", layer.Target);
    }

    /// <summary>A setting of another word is a mistake, not something to pass over.</summary>
    private static void Refuse(LocatedValue? value, string word, string own)
    {
        if (value is not null) throw value.Wrong($"'{value.Name}' is no setting of {word}, which has {own} alone.");
    }
}
