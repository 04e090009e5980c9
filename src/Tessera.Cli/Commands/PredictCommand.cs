using System.CommandLine;

namespace Tessera.Cli.Commands;

internal static class PredictCommand
{
    public static Command Create(Session session)
    {
        var command = new Command("predict", "Predict.");
        return command;
    }
}
