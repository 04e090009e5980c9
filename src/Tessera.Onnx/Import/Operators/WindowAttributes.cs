using Tessera.Connections;

namespace Tessera.Onnx.Import.Operators;

/// <summary>The attributes that say how a window lies on its input.</summary>
internal static class WindowAttributes
{
    public static Padding Padding(NodeImport node, int rank)
    {
        var automatic = node.Text("auto_pad", "NOTSET");
        var pads = node.Integers("pads");
        switch (automatic)
        {
            case "SAME_UPPER": return Connections.Padding.Same;
            case "SAME_LOWER": return Connections.Padding.SameLower;
            case "VALID": return Connections.Padding.Valid;
            case not "NOTSET": throw node.Wrong($"auto_pad is '{automatic}'; it can be NOTSET, SAME_UPPER, SAME_LOWER or VALID");
        }

        if (pads.All(static pad => pad == 0)) return Connections.Padding.Valid;
        if (pads.Count != 2 * rank) throw node.Wrong($"pads has {pads.Count} numbers; {rank} axes need {2 * rank}");
        return Connections.Padding.Explicit(Sizes.Create(pads.AsSpan()[..rank]), Sizes.Create(pads.AsSpan()[rank..]));
    }
}
