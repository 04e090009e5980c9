namespace Tessera.Files;

/// <summary>The keys of layers that look through windows without weights: pooling, unpooling, upsampling and padding.</summary>
internal static class WindowLayerJson
{
    public static LayerKind[] Kinds { get; } = [];
}
