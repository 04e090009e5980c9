using System.Numerics;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Kernels.Resampling;

namespace Tessera.Networks;

/// <summary>
/// One node of a network as a user describes it: immutable, and equal to another that says the same. A layer knows
/// shapes and parameters, and no numbers.
/// </summary>
public abstract record Layer
{
    /// <summary>Its name in the network; left empty, the network names it by kind and a running number (conv1, relu1, pool2).</summary>
    public string Name { get; init; } = "";

    /// <summary>The layers whose outputs it takes; empty for the layer before it. The network's input is called <c>input</c>.</summary>
    public LayerNames Inputs { get; init; }

    /// <summary>The word for this kind of layer in a model file, such as <c>max-pool</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>What a name made by the network begins with, such as <c>pool</c>.</summary>
    public virtual string ShortName => Kind;

    /// <summary>A layer whose shapes this one needs besides its inputs' (a size to restore, a pooling to undo), or null.</summary>
    public virtual string? Reference => null;

    /// <summary>How many inputs it takes, 0 for a layer that gives what it holds itself; null for two or more.</summary>
    public virtual int? InputCount => 1;

    /// <summary>The shape of its output.</summary>
    /// <param name="inputs">
    /// The full shapes [N, C, …] of its inputs; after them, where there is a <see cref="Reference"/>, that layer's output
    /// shape and the shape of that layer's first input.
    /// </param>
    /// <exception cref="ArgumentException">The layer does not fit these shapes; the message names it, the shapes and a way out.</exception>
    public abstract Sizes InferShape(IReadOnlyList<Sizes> inputs);

    /// <summary>Its parameters for inputs of these shapes, as <see cref="InferShape"/> takes them.</summary>
    public virtual IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) => [];

    /// <summary>Its spatial connections, axis by axis; empty for a layer that is no window over positions.</summary>
    public virtual IReadOnlyList<AxisGeometry> Axes(IReadOnlyList<Sizes> inputs) => [];

    /// <summary>Multiply-adds of one forward pass over the whole batch, padding counted out; 0 for what does not multiply by weights.</summary>
    public virtual long MultiplyAdds(IReadOnlyList<Sizes> inputs) => 0;

    /// <summary>Whether it multiplies by the kernel (the first parameter) of the layer that <see cref="Reference"/> names, transposed.</summary>
    internal virtual bool TakesKernelOfReference => false;

    /// <summary>The fewest axes that its inputs may have; most layers need a batch and channels.</summary>
    internal virtual int LeastRank => 2;

    /// <summary>Whether its inputs must lie between 0 and 1.</summary>
    internal virtual bool TakesFractions => false;

    /// <summary>Whether positions of its output are made of any of the input's, even where their numbers are the same.</summary>
    internal virtual bool MixesPositions => false;

    /// <summary>How its output is copied from its first input; null for a layer that computes.</summary>
    internal virtual CopyMap? Moves(IReadOnlyList<Sizes> inputs) => null;

    /// <summary>For each position of a spatial axis the input's positions [First, End) that it is made of; null where <see cref="Axes"/> or <see cref="Moves"/> say it.</summary>
    /// <param name="axis">The spatial axis, from 0.</param>
    /// <param name="input">The input's size on it.</param>
    /// <param name="output">The output's.</param>
    internal virtual IEnumerable<(int First, int End)>? Looks(int axis, int input, int output) => null;

    /// <summary>For a fixed map of planes, the input's positions and their weights on each spatial axis; null for other layers.</summary>
    /// <param name="input">The input's shape, [N, C, i…].</param>
    internal virtual IReadOnlyList<AxisTaps>? PlaneTaps(Sizes input) => null;

    /// <summary>Checks the layer that <see cref="Reference"/> names; null for the network's input.</summary>
    internal virtual void CheckReference(Layer? referenced)
    {
    }

    /// <summary>Checks that the layer that <see cref="Reference"/> names is a max pooling, for those that take its winners.</summary>
    private protected void CheckHasWinners(Layer? referenced)
    {
        if (referenced is Layers.MaxPool) return;
        throw Misfit($"{Reference} is {(referenced is null ? "the network's input" : "of kind " + referenced.Kind)}; name a max-pool layer, whose winners are kept.");
    }

    /// <summary>Checks the layer that its first input comes from; null for the network's input.</summary>
    internal virtual void CheckSource(Layer? source)
    {
    }

    /// <summary>Makes the layer ready to run.</summary>
    internal abstract LayerExecution<T> Compile<T>(LayerContext context)
        where T : unmanaged, IFloatingPointIeee754<T>;

    /// <summary>What messages call it.</summary>
    internal string Label => Name.Length > 0 ? Name : Kind;

    /// <summary>What messages call an input.</summary>
    internal string InputLabel(int index) => index < Inputs.Count ? Inputs[index] : FormattableString.Invariant($"input {index}");

    /// <summary>An error about this layer.</summary>
    internal ArgumentException Misfit(string message) => new($"{Label}: {message}");
}
