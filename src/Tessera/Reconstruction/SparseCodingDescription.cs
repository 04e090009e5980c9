using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// What a user says of convolutional sparse coding: examples x ≈ A(D)ᵀ z with few units of the code z active. A(D) is the operator's forward
/// pass [C, i…] → [M, o…] and the dictionary D its kernel tensor. The code of an example minimises
/// F(z) = ½‖x − A(D)ᵀ z‖² + λ‖z‖₁ (sums over the example's elements; Bristow et al. 2013, Wohlberg 2016). Immutable and comparable.
/// </summary>
public sealed record SparseCodingDescription
{
    /// <summary>The words for the members of <see cref="SparseInference"/>, in their order.</summary>
    internal static readonly string[] InferenceWords = ["fista", "backtracking", "ista"];

    private readonly ConvolutionDescription withoutBias = null!;

    /// <summary>The model's name, for messages.</summary>
    public string Name { get; init; } = "";

    /// <summary>The shape of one example, [C, i_1 … i_d].</summary>
    public required Sizes InputShape { get; init; }

    /// <summary>The operator from images to codes, whose transpose decodes. It has no bias: a bias that is said is dropped.</summary>
    public required ConvolutionDescription Operator
    {
        get => withoutBias;
        init => withoutBias = value is null ? null! : value with { Bias = BiasSharing.None };
    }

    /// <summary>λ, above 0: what a code pays for each unit of its magnitudes. No unit is active where λ is above the largest |A x|.</summary>
    public double Sparsity { get; init; } = 0.1;

    /// <summary>Steps of inference, from 1.</summary>
    public int Iterations { get; init; } = 50;

    /// <summary>How codes are found.</summary>
    public SparseInference Inference { get; init; }

    /// <summary>Whether codes are kept at 0 and above.</summary>
    public bool NonNegative { get; init; }

    /// <summary>The shape of one code, [M, o_1 … o_d].</summary>
    /// <exception cref="ArgumentException">The operator does not fit the input.</exception>
    public Sizes CodeShape
    {
        get
        {
            var geometry = Resolve();
            return [geometry.OutputChannels, .. geometry.OutputSize.AsSpan()];
        }
    }

    /// <summary>Throws where a setting makes no sense or the operator does not fit the input, before there are any numbers.</summary>
    /// <exception cref="ArgumentException">The message names the setting, its value and what it must be.</exception>
    public void Check()
    {
        Require(Sparsity is > 0 and < double.PositiveInfinity, nameof(Sparsity), Sparsity, "above 0, such as 0.1 for inputs of deviation 1; without it codes are not sparse");
        Require(Iterations >= 1, nameof(Iterations), Iterations, "1 or more; 50 are enough for most dictionaries");
        Require(Enum.IsDefined(Inference), nameof(Inference), (int)Inference, "one of fista, backtracking and ista");
        Resolve();
    }

    /// <summary>All sizes and connections of the operator.</summary>
    internal OperatorGeometry Resolve()
    {
        if (Operator is null) throw new ArgumentException($"{Label}: it has no operator; give a convolution from images to codes.");
        DescriptionChecks.InputShape(Operator, [1, .. InputShape.AsSpan()], Label);
        return Operator.Resolve(InputShape[0], InputShape.From(1), Label);
    }

    /// <summary>What messages call it.</summary>
    internal string Label => Name.Length > 0 ? Name : "sparse coding";

    private void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong(Label, setting, value, wanted);
    }
}
