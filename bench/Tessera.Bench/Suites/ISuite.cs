namespace Tessera.Bench.Suites;

/// <summary>One thing that can be asked for by name: what it measures, and the lines that it reports.</summary>
internal interface ISuite
{
    string Name { get; }

    /// <summary>Whether its figures are others with other numbers of threads; where not, it runs once.</summary>
    bool DependsOnThreads => true;

    /// <summary>Measures and reports; whatever does not agree is told to the session.</summary>
    void Run(Session session);
}
