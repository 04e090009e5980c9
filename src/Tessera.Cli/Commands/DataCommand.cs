using System.CommandLine;

namespace Tessera.Cli.Commands;

internal static class DataCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("data", "Data.");
        return command;
    }
}
