using System.CommandLine;

namespace Tessera.Cli.Commands;

internal static class CheckCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("check", "Check.");
        return command;
    }
}
