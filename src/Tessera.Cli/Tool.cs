using System.CommandLine;
using System.CommandLine.Help;
using Tessera.Cli.Commands;

namespace Tessera.Cli;

/// <summary>The tool: parses a command line, runs its command and turns what goes wrong into one line and an exit code.</summary>
internal static class Tool
{
    /// <summary>All went well.</summary>
    public const int Fine = 0;

    /// <summary>The work failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong.</summary>
    public const int BadUsage = 2;

    /// <summary>Stopped by a signal, after saving.</summary>
    public const int Stopped = 130;

    /// <summary>Runs the command that <paramref name="arguments"/> name and gives the exit code.</summary>
    public static int Run(IReadOnlyList<string> arguments, Session session)
    {
        var root = CreateRoot(session);
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var configuration = new InvocationConfiguration { Output = session.Output, Error = session.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        if (parsed.Errors.Count > 0 && parsed.Action is null or not (HelpAction or HelpWithExamples))
        {
            foreach (var message in parsed.Errors.Select(error => error.Message).Distinct()) session.Error.WriteLine(message);
            session.Error.WriteLine($"Try '{PathOf(parsed.CommandResult)} --help'.");
            return BadUsage;
        }

        try
        {
            return parsed.Invoke(configuration);
        }
        catch (UsageException exception)
        {
            session.Error.WriteLine(exception.Message);
            session.Error.WriteLine($"Try '{PathOf(parsed.CommandResult)} --help'.");
            return BadUsage;
        }
        catch (OperationCanceledException)
        {
            session.Error.WriteLine("Stopped.");
            return Stopped;
        }
        catch (Exception exception) when (!ShowsTraces)
        {
            session.Error.WriteLine(Message(exception));
            return Failed;
        }
    }

    /// <summary>What went wrong, in one line a user can act on.</summary>
    internal static string Message(Exception exception) => exception switch
    {
        ArgumentException argument => WithoutParameter(argument),
        InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException or ArithmeticException => exception.Message,
        OutOfMemoryException => "The machine has not enough memory for this; use a smaller batch, input or model.",
        AggregateException { InnerExceptions: [var only] } => Message(only),
        _ => $"Internal error ({exception.GetType().Name}): {exception.Message} This is a mistake in Tessera; set TESSERA_TRACE=1 and run again to see where, and please report it.",
    };

    private static bool ShowsTraces => Environment.GetEnvironmentVariable("TESSERA_TRACE") == "1";

    private static RootCommand CreateRoot(Session session)
    {
        var root = new RootCommand("Convolutional networks of every kind of sharing and connection: train them, look into them, hold them against the equations.")
        {
            TrainCommand.Create(session),
            EvaluateCommand.Create(session),
            PredictCommand.Create(session),
            ExportCommand.Create(session),
            PlanCommand.Create(session),
            CheckCommand.Create(session),
            CompareCommand.Create(session),
            ApplyCommand.Create(session),
            WeightsCommand.Create(session),
            DrawCommand.Create(session),
            SharingCommand.Create(session),
            InvarianceCommand.Create(session),
            DataCommand.Create(session),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    /// <summary>.NET appends the name of a parameter that the user of a tool has never heard of.</summary>
    private static string WithoutParameter(ArgumentException exception)
    {
        var message = exception.Message;
        var end = message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }

    private static string PathOf(System.CommandLine.Parsing.CommandResult result)
    {
        var names = new Stack<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is System.CommandLine.Parsing.CommandResult { Command: var command }) names.Push(command is RootCommand ? "tessera" : command.Name);
        }

        return string.Join(' ', names);
    }
}
