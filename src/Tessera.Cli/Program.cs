using System.Runtime.InteropServices;
using Tessera.Cli;

using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

return Tool.Run(args, new Session(Console.Out, Console.Error, !Console.IsErrorRedirected, stopping.Token));

// The first signal asks the work to save and end; a second one ends the process at once.
void Stop(PosixSignalContext context)
{
    if (stopping.IsCancellationRequested) return;
    context.Cancel = true;
    stopping.Cancel();
}
