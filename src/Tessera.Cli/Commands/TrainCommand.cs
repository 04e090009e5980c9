using System.CommandLine;

namespace Tessera.Cli.Commands;

internal static class TrainCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("train", "Train.");
        return command;
    }
}
