namespace Tessera.Cli;

/// <summary>Where one run of the tool writes, and how it is asked to stop.</summary>
/// <param name="Output">Results, and nothing else with --json.</param>
/// <param name="Error">Errors and progress.</param>
/// <param name="ErrorIsTerminal">Whether somebody watches, so that a line of progress may be rewritten.</param>
/// <param name="Stopping">Signalled by Ctrl-C: save and end.</param>
internal sealed record Session(TextWriter Output, TextWriter Error, bool ErrorIsTerminal, CancellationToken Stopping);
