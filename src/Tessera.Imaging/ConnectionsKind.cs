namespace Tessera.Imaging;

/// <summary>How the connections of an axis are drawn.</summary>
public enum ConnectionsKind
{
    /// <summary>The operator's own: each output is connected to the inputs under its kernel.</summary>
    Window,

    /// <summary>A stride in two steps that come to the same: the kernel at every position, then downsampling.</summary>
    TwoSteps,

    /// <summary>For comparison: each output is connected to every input.</summary>
    Full,
}
