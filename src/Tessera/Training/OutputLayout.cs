namespace Tessera.Training;

/// <summary>
/// An output [N, K, o…] as losses and metrics read it: N examples of K channels of P positions; channel k of position p of
/// example n lies at (n·K + k)·P + p.
/// </summary>
internal readonly record struct OutputLayout(Sizes Shape, int Examples, int Channels, int Positions)
{
    /// <summary>The number of elements.</summary>
    public int Count => Examples * Channels * Positions;

    /// <summary>The number of labels that go with it, one for each example and position.</summary>
    public int LabelCount => Examples * Positions;

    public static OutputLayout Of(Sizes shape, string name)
    {
        long positions = 1;
        var fits = shape.Count >= 2;
        for (var axis = 0; axis < shape.Count; axis++)
        {
            fits &= shape[axis] >= 1;
            if (axis >= 2) positions = Math.Min(positions * shape[axis], int.MaxValue);
        }

        if (fits && (Int128)shape[0] * shape[1] * positions <= int.MaxValue) return new OutputLayout(shape, shape[0], shape[1], (int)positions);
        throw new ArgumentException(
            $"{name}: an output of shape {shape} is none of [N, K] or [N, K, o…] with sizes from 1; end the network with a layer that gives examples × channels, such as flatten and dense.", nameof(shape));
    }

    public void CheckOutput(int output, int gradient, string name)
    {
        if (output != Count) throw new ArgumentException($"{name}: an output of shape {Shape} has {Count} elements, but {output} were given.", nameof(output));
        if (gradient != 0 && gradient != Count)
            throw new ArgumentException($"{name}: the gradient of an output of shape {Shape} has {Count} elements, but there is room for {gradient}; give as many, or none to compute the loss alone.", nameof(gradient));
    }

    public void CheckTargets(int targets, string name)
    {
        if (targets != Count) throw new ArgumentException($"{name}: an output of shape {Shape} wants {Count} targets, but {targets} were given; targets have the output's shape.", nameof(targets));
    }

    public void CheckLabels(ReadOnlySpan<int> labels, string name)
    {
        if (labels.Length != LabelCount)
            throw new ArgumentException($"{name}: an output of shape {Shape} wants {LabelCount} labels, one for each example and position, but {labels.Length} were given.", nameof(labels));
        var classes = Math.Max(2, Channels);
        var wrong = FirstOutside(labels, classes);
        if (wrong < 0) return;
        throw new ArgumentException(
            $"{name}: label {labels[wrong]} (number {wrong} of the batch) is not one of the {classes} classes 0 … {classes - 1} of an output of shape {Shape}; give the network more outputs, or mend the labels.", nameof(labels));
    }

    /// <summary>The index of the first label outside 0 … <paramref name="classes"/> − 1, or −1.</summary>
    public static int FirstOutside(ReadOnlySpan<int> labels, int classes)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)classes) return i;
        }

        return -1;
    }
}
