namespace Tessera.Bench;

/// <summary>One line of a report: this library's time for a workload beside one peer's, or alone where no peer has it.</summary>
internal sealed record Row(Workload Workload, Machine Machine, double Seconds, long? WorkspaceBytes, string? Peer, double? PeerSeconds, bool Agrees)
{
    /// <summary>GFLOP/s, or images per second.</summary>
    public double Rate => Scaled(Workload.Work / Seconds);

    public double? PeerRate => PeerSeconds is { } seconds ? Scaled(Workload.Work / seconds) : null;

    /// <summary>How many times as fast as the peer.</summary>
    public double? Ratio => PeerSeconds / Seconds;

    /// <summary>Part of the machine's multiply-add peak; above 1 where an algorithm needs fewer operations than the plain one.</summary>
    public double? PeakShare => Workload.CountsFloatingPointOperations ? Rate / Machine.PeakGigaflops : null;

    /// <summary>Part of the machine's read bandwidth that moving every tensor once takes.</summary>
    public double? BandwidthShare => Workload.Bytes > 0 ? Workload.Bytes / Seconds / 1e9 / Machine.ReadGigabytesPerSecond : null;

    private double Scaled(double rate) => Workload.CountsFloatingPointOperations ? rate / 1e9 : rate;
}
