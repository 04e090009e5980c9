using Tessera.Reconstruction;

namespace Tessera.Cli;

/// <summary>A kernel tensor that a belief net or a sparse coder has learnt.</summary>
/// <param name="Name">What it is called: the machine's name, or <c>dictionary</c>.</param>
/// <param name="Values">The weights, row-major.</param>
/// <param name="Shape">The operator's kernel shape.</param>
/// <param name="Rank">Its spatial axes.</param>
/// <param name="IsShared">Whether all positions carry the same weights.</param>
internal sealed record LearnedFilters(string Name, float[] Values, Sizes Shape, int Rank, bool IsShared)
{
    /// <summary>All of a model's kernels that can be drawn, the lowest first.</summary>
    public static IReadOnlyList<LearnedFilters> Of(IReconstructor<float> model)
    {
        IEnumerable<LearnedFilters> all = model switch
        {
            BeliefNet<float> net => net.Machines.Select(machine => new LearnedFilters(
                machine.Description.Name, machine.Kernel.ToArray(), machine.KernelShape, machine.Description.Operator.Rank, machine.Description.Operator.Sharing.IsShared)),
            SparseCoder<float> coder => [new LearnedFilters("dictionary", coder.Dictionary.ToArray(), coder.DictionaryShape, coder.Description.Operator.Rank, coder.Description.Operator.Sharing.IsShared)],
            _ => [],
        };
        return [.. all.Where(static filters => filters.Rank <= 3)];
    }

    /// <summary>Writes the mosaic.</summary>
    public void Write(string path) => LayerFilters.Write(path, Name, Values, Shape, Rank, IsShared);
}
