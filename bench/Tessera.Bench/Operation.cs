namespace Tessera.Bench;

/// <summary>What is timed: one of the three operations, a whole pass through all three, or a training step.</summary>
internal enum Operation
{
    Forward,
    KernelGradient,
    InputGradient,
    ForwardBackward,
    Step,
}

internal static class OperationNames
{
    public static string Name(this Operation operation) => operation switch
    {
        Operation.Forward => "forward",
        Operation.KernelGradient => "kernel-gradient",
        Operation.InputGradient => "input-gradient",
        Operation.ForwardBackward => "forward-backward",
        _ => "step",
    };
}
