using Tessera.Connections;
using Tessera.Networks.Initialisers;

namespace Tessera.Networks;

/// <summary>What a parameter does in its layer; decides how it begins and whether weight decay is for it.</summary>
public enum ParameterRole
{
    /// <summary>Multiplies inputs: kernels and matrices. Drawn by an initialiser.</summary>
    Weight,

    /// <summary>Is added to outputs; begins at 0.</summary>
    Bias,

    /// <summary>Scales a normalised channel; begins at 1.</summary>
    Scale,

    /// <summary>Shifts a normalised channel; begins at 0.</summary>
    Shift,

    /// <summary>Is measured, not trained (running mean and variance).</summary>
    Statistic,

    /// <summary>Is given, and neither measured nor trained.</summary>
    Constant,
}

/// <summary>One parameter tensor of a layer, before it has numbers.</summary>
/// <param name="Name">Its name within the layer: kernel, bias, scale, shift, mean, variance.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="FanIn">How many products one output sums (their mean, where outputs differ); 0 where it has no meaning.</param>
/// <param name="FanOut">How many outputs one input reaches at stride 1; 0 where it has no meaning.</param>
/// <param name="Role">What it does.</param>
public sealed record ParameterDescription(string Name, Sizes Shape, int FanIn, int FanOut, ParameterRole Role)
{
    /// <summary>What every element begins with, where no initialiser draws it.</summary>
    public double InitialValue { get; init; }

    /// <summary>The layer's own initialiser for this weight, or null for the network's.</summary>
    public Initialiser? Initialiser { get; init; }

    /// <summary>
    /// The weight as matrices [blocks, rows, columns], a row for each output, which orthogonal initialisation takes; with
    /// a table, [tiles, pairs, kernel volume].
    /// </summary>
    public Sizes Matrices { get; init; }

    /// <summary>The connection table whose pairs the weight stores, so that outputs have fan-ins of their own; else null.</summary>
    public ConnectionTable? Table { get; init; }

    /// <summary>Whether the weight's rows differ in length, so that it is no stack of matrices.</summary>
    internal bool HasRaggedRows { get; init; }

    /// <summary>Whether an optimiser changes it.</summary>
    public bool IsTrained => Role is not (ParameterRole.Statistic or ParameterRole.Constant);
}
