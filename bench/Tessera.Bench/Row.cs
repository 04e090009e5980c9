namespace Tessera.Bench;

/// <summary>One line of a timed suite: this library's time for a workload beside one peer's, or alone where no peer has it. Beside a peer that lays its kernel out before the clock starts there is a second line, where this library does too.</summary>
internal sealed record Row(Workload Workload, Machine Machine, double Seconds, long? WorkspaceBytes, string? Peer, double? PeerSeconds, bool Agrees, bool HasPackedKernel)
{
    /// <summary>How many times as fast as the peer.</summary>
    public double? Ratio => PeerSeconds / Seconds;

    /// <summary>The line as it is written; training steps also count images.</summary>
    public IReadOnlyList<Column> Columns()
    {
        var (gigaflops, peerGigaflops) = (Gigaflops(Seconds), PeerSeconds is { } seconds ? Gigaflops(seconds) : (double?)null);
        var isStep = Workload.Operation == Operation.Step;
        return
        [
            .. Workload.Columns(),
            new("milliseconds", "ms", 9, Seconds * 1e3, "f3"),
            new("gflops", "GFLOP/s", 8, gigaflops, "f1"),
            .. Images(isStep, "imagesPerSecond", "images/s", Seconds),
            new("peakShare", "of peak", 7, gigaflops / Machine.PeakGigaflops, "p0"),
            new("bandwidthShare", isStep ? null : "of memory", 9, Workload.Bytes > 0 ? Workload.Bytes / Seconds / 1e9 / Machine.ReadGigabytesPerSecond : null, "p0"),
            new("workspaceBytes", null, 0, WorkspaceBytes),
            new(null, "KiB work", 8, WorkspaceBytes / 1024.0, "f0"),
            new("packedKernel", null, 0, HasPackedKernel),
            new("peer", null, 0, Peer),
            new(null, "peer", -16, HasPackedKernel ? $"{Peer}, packed" : Peer),
            new("peerMilliseconds", "peer ms", 9, PeerSeconds * 1e3, "f3"),
            new("peerGflops", "peer GFLOP/s", 12, peerGigaflops, "f1"),
            .. Images(isStep, "peerImagesPerSecond", "peer images/s", PeerSeconds),
            new("ratio", "ratio", 6, Ratio, "f2"),
            new("agrees", null, 0, Agrees),
            new(null, "", -9, Agrees ? "" : "DISAGREES"),
        ];
    }

    private double Gigaflops(double seconds) => Workload.FloatingPointOperations / seconds / 1e9;

    private Column[] Images(bool wanted, string jsonName, string heading, double? seconds) =>
        wanted ? [new Column(jsonName, heading, heading.Length, Workload.Examples / seconds, "f0")] : [];
}
