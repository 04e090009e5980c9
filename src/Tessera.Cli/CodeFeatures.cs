namespace Tessera.Cli;

/// <summary>Codes as they come, batch by batch, brought to features: means over blocks of positions.</summary>
/// <param name="codeShape">The shape of one code, [M, o…].</param>
/// <param name="featureShape">The shape of its features, [M, blocks…].</param>
/// <param name="count">How many codes there will be.</param>
internal sealed class CodeFeatures(Sizes codeShape, Sizes featureShape, int count)
{
    private readonly int codeLength = (int)codeShape.Product;
    private readonly int featureLength = (int)featureShape.Product;
    private int added;
    private long active;

    /// <summary>The features, [count, M, blocks…].</summary>
    public float[] Features { get; } = new float[count * featureShape.Product];

    /// <summary>How many numbers of a code are not 0 in the mean.</summary>
    public double Active => active / (double)added;

    /// <summary>Takes the first codes of a batch.</summary>
    public void Add(ReadOnlySpan<float> codes, int number)
    {
        for (var n = 0; n < number; n++, added++)
        {
            var own = codes.Slice(n * codeLength, codeLength);
            active += own.Length - System.MemoryExtensions.Count(own, 0f);
            Pool(own, Features.AsSpan(added * featureLength, featureLength));
        }
    }

    /// <summary>Means over blocks: position p of the code falls into block ⌊p · blocks / size⌋ of each axis.</summary>
    private void Pool(ReadOnlySpan<float> code, Span<float> feature)
    {
        var counts = new int[feature.Length];
        for (var i = 0; i < code.Length; i++)
        {
            var (rest, at, stride) = (i, 0, 1);
            for (var axis = codeShape.Count - 1; axis >= 0; axis--)
            {
                (rest, var position) = Math.DivRem(rest, codeShape[axis]);
                at += (int)((long)position * featureShape[axis] / codeShape[axis]) * stride;
                stride *= featureShape[axis];
            }

            feature[at] += code[i];
            counts[at]++;
        }

        for (var i = 0; i < feature.Length; i++) feature[i] /= counts[i];
    }
}
