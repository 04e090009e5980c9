using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Tessera.Cli;

/// <summary>Help as System.CommandLine writes it, followed by the command's examples and remarks.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly ConditionalWeakTable<Command, string> Texts = [];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Sets what the help of a command ends with.</summary>
    public static void Set(Command command, string text) => Texts.AddOrUpdate(command, text);

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (Texts.TryGetValue(parseResult.CommandResult.Command, out var text)) parseResult.InvocationConfiguration.Output.WriteLine(text);
        return code;
    }
}
