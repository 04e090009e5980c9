namespace Tessera.Bench.Contestants;

/// <summary>One system that can be timed: a new one is one class, and one line in Program.</summary>
internal interface ISystem
{
    /// <summary>As it stands in the tables and in <c>peer</c>.</summary>
    string Name { get; }

    /// <summary>Why the system cannot be used on this machine; null where it can.</summary>
    string? Absence => null;

    /// <summary>Everything that is done before the clock starts; null where the system has no such operation.</summary>
    IContestant? Prepare(Workload workload);
}

/// <summary>One system, ready to do one workload again and again.</summary>
internal interface IContestant : IDisposable
{
    /// <summary>Memory beside inputs and outputs, where the system tells.</summary>
    long? WorkspaceBytes => null;

    /// <summary>What it computes with, in its own words, where the system tells.</summary>
    string? Algorithm => null;

    /// <summary>Whether it was given the kernel, and could lay it out, before the clock starts; else every run is given a kernel.</summary>
    bool HasConstantKernel => false;

    /// <summary>What is timed.</summary>
    void Run();

    /// <summary>
    /// What the last run computed, in the library's layouts, untimed: output, kernel gradient, input gradient, as far as
    /// the operation has them. Empty where results of different systems cannot be compared.
    /// </summary>
    IReadOnlyList<float[]> Results() => [];
}
