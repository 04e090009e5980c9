namespace Tessera.Operators;

/// <summary>The operations that read a kernel.</summary>
[Flags]
public enum KernelUse
{
    /// <summary>No operation.</summary>
    None = 0,

    /// <summary>The forward pass.</summary>
    Forward = 1,

    /// <summary>The gradient for the input, the transpose.</summary>
    InputGradient = 2,

    /// <summary>Both.</summary>
    Both = Forward | InputGradient,
}
