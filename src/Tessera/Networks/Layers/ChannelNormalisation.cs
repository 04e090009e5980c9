using System.Numerics;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>What normalisations over channels of each example share: instance normalisation is that by group with a group for each channel.</summary>
internal static class ChannelNormalisation
{
    /// <summary>The error where ε is none.</summary>
    public static void Check(Layer layer, double epsilon)
    {
        if (!(epsilon > 0 && double.IsFinite(epsilon))) throw layer.Misfit(FormattableString.Invariant($"epsilon {epsilon}; it must be above 0, such as 1e-5."));
    }

    /// <summary>Scale and shift of each channel.</summary>
    public static IReadOnlyList<ParameterDescription> Parameters(Sizes input)
    {
        Sizes shape = [input[1]];
        return [new("scale", shape, 0, 0, ParameterRole.Scale) { InitialValue = 1 }, new("shift", shape, 0, 0, ParameterRole.Shift)];
    }

    /// <summary>The execution.</summary>
    public static LayerExecution<T> Compile<T>(Layer layer, LayerContext context, int groups, double epsilon)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var rows = NormalisedRows.OfChannels(context.Output, groups);
        if (context.Options.Training && rows.Length == 1)
        {
            throw layer.Misfit($"training on {context.Output} normalises single values, whose variance is 0; normalise more channels or positions together.");
        }

        return new RowNormalisationExecution<T>(rows, epsilon, hasShift: true, context.Options.Training);
    }
}
