using System.CommandLine;

namespace Tessera.Cli.Commands;

internal static class EvaluateCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("evaluate", "Evaluate.");
        return command;
    }
}
