using System.Text.Json;
using Tessera.Networks.Initialisers;

namespace Tessera.Files;

/// <summary>The key <c>initialiser</c> of layers with weights: a word, or an object with the word and its settings.</summary>
internal static class InitialiserJson
{
    private static readonly string[] Kinds = ["he", "glorot", "lecun", "orthogonal"];

    public static Initialiser? Read(LocatedValue? value)
    {
        if (value is null) return null;
        var (word, keys) = LocatedObject.Choice(value, "initialiser", Kinds);
        var distribution = keys.Optional("distribution")?.OneOf("normal", "uniform") == "uniform" ? Distribution.Uniform : Distribution.Normal;
        Initialiser initialiser = word switch
        {
            "he" => new He(distribution),
            "glorot" => new Glorot(distribution),
            "lecun" => new LeCun(distribution),
            _ => new Orthogonal(keys.Optional("gain")?.Real() ?? 1, distribution),
        };
        keys.Close();
        return initialiser;
    }

    public static void Write(Utf8JsonWriter writer, Initialiser? initialiser)
    {
        var (distribution, gain) = initialiser switch
        {
            He he => (he.Distribution, 1),
            Glorot glorot => (glorot.Distribution, 1),
            LeCun leCun => (leCun.Distribution, 1),
            Orthogonal orthogonal => (orthogonal.Distribution, orthogonal.Gain),
            _ => (Distribution.Normal, 1.0),
        };
        if (initialiser is null) return;
        if (distribution == Distribution.Normal && gain == 1)
        {
            writer.WriteString("initialiser", initialiser.Kind);
            return;
        }

        writer.WriteStartObject("initialiser");
        writer.WriteString("initialiser", initialiser.Kind);
        if (gain != 1) writer.WriteNumber("gain", gain);
        if (distribution == Distribution.Uniform) writer.WriteString("distribution", "uniform");
        writer.WriteEndObject();
    }
}
