namespace Tessera.Reconstruction;

/// <summary>How a sparse coder finds codes. None of them ever raises an example's objective.</summary>
public enum SparseInference
{
    /// <summary>
    /// Monotone FISTA (Beck and Teboulle 2009b) with the step 1 / L, where L is the largest eigenvalue of A Aᵀ by power iteration. An example
    /// whose step turns out too long, the estimate of L being from below, has its L doubled and the step done again.
    /// </summary>
    Fista,

    /// <summary>Monotone FISTA that needs no eigenvalue: each example's L begins at 1 and doubles whenever the step proves too long.</summary>
    Backtracking,

    /// <summary>Plain iterative shrinkage with the step 1 / L of <see cref="Fista"/>: slower, and what <see cref="Lista"/> unrolls.</summary>
    Ista,
}
