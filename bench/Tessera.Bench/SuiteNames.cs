namespace Tessera.Bench;

/// <summary>The names of all suites, in the order in which they run.</summary>
internal static class SuiteNames
{
    public const string Dense = "dense";
    public const string Channels = "channels";
    public const string Unshared = "unshared";
    public const string Tiled = "tiled";
    public const string Train = "train";
    public const string Infer = "infer";
    public const string Scaling = "scaling";
    public const string Memory = "memory";
    public const string Accuracy = "accuracy";
}
