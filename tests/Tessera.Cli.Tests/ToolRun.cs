namespace Tessera.Cli.Tests;

/// <summary>One run of the tool within the test's process: what it wrote and its exit code.</summary>
internal sealed record ToolRun(int Code, string Output, string Error)
{
    /// <summary>Runs the tool with these arguments.</summary>
    public static ToolRun Of(params string[] arguments) => Stoppable(CancellationToken.None, arguments);

    /// <summary>Runs the tool until it ends or is asked to stop.</summary>
    public static ToolRun Stoppable(CancellationToken stopping, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var code = Tool.Run(arguments, new Session(output, error, false, stopping));
        return new ToolRun(code, output.ToString(), error.ToString());
    }
}
