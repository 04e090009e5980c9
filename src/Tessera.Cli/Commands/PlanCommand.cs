using System.CommandLine;

namespace Tessera.Cli.Commands;

internal static class PlanCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("plan", "Plan.");
        return command;
    }
}
