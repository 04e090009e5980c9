using Tessera.Operators;
using Tessera.Reconstruction;

namespace Tessera.Cli.Pictures;

/// <summary>A kernel tensor that a belief net or a sparse coder has learnt.</summary>
/// <param name="Name">What it is called: the machine's name, or <c>dictionary</c>.</param>
/// <param name="Values">The weights, row-major.</param>
/// <param name="Shape">The operator's kernel shape.</param>
/// <param name="Operator">The operator.</param>
internal sealed record LearnedFilters(string Name, float[] Values, Sizes Shape, ConvolutionDescription Operator)
{
    /// <summary>All of a model's kernels that can be drawn, the lowest first.</summary>
    public static IReadOnlyList<LearnedFilters> Of(IReconstructor<float> model)
    {
        IEnumerable<LearnedFilters> all = model switch
        {
            BeliefNet<float> net => net.Machines.Select(machine => new LearnedFilters(
                machine.Description.Name, machine.Kernel.ToArray(), machine.KernelShape, machine.Description.Operator)),
            SparseCoder<float> coder => [new LearnedFilters("dictionary", coder.Dictionary.ToArray(), coder.DictionaryShape, coder.Description.Operator)],
            _ => [],
        };
        return [.. all.Where(static filters => filters.Operator.Rank <= 3)];
    }

    /// <summary>Writes the mosaic.</summary>
    public void Write(string path) => LayerFilters.Write(path, Name, Values, Shape, Operator);
}
