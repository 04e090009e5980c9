using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>
/// Learnt inference (LISTA: Gregor and LeCun 2010; convolutional as in Sreter and Giryes 2018): K steps of iterative shrinkage,
/// z ← S(z + A(x − Aᵀ z) / L, λ / L), as an ordinary network from images [C, i…] to codes [M, o…]. Untrained it computes those steps. Every step has kernels and
/// thresholds of its own, and a trainer brings its codes nearer to the true ones than K steps can come.
/// </summary>
public static class Lista
{
    /// <summary>The network of K steps: <c>encode1</c>, <c>shrink1</c>, then for each further step k <c>decode</c>k, <c>residual</c>k, <c>encode</c>k, <c>sum</c>k, <c>shrink</c>k.</summary>
    /// <param name="description">The sparse coding that is to be learnt.</param>
    /// <param name="steps">K, from 1.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or the operator does not fit the input.</exception>
    public static NetworkDescription Describe(SparseCodingDescription description, int steps)
    {
        ArgumentNullException.ThrowIfNull(description);
        description.Check();
        if (steps < 1) throw new ArgumentException($"{description.Label}: learnt inference of {steps} steps; it must be 1 or more.", nameof(steps));
        var layers = new List<Layer> { Encode(1, NetworkDescription.InputName), Shrink(1, "encode1") };
        for (var k = 2; k <= steps; k++)
        {
            var codes = FormattableString.Invariant($"shrink{k - 1}");
            layers.Add(new TransposedConvolution(description.Operator, description.InputShape[0])
            {
                Name = Name("decode", k),
                Inputs = [codes],
                OriginalSize = description.InputShape.From(1),
                Bias = false,
            });
            // The decoder's kernel begins as −D, so that an addition takes the difference.
            layers.Add(new Add { Name = Name("residual", k), Inputs = [NetworkDescription.InputName, Name("decode", k)] });
            layers.Add(Encode(k, Name("residual", k)));
            layers.Add(new Add { Name = Name("sum", k), Inputs = [codes, Name("encode", k)] });
            layers.Add(Shrink(k, Name("sum", k)));
        }

        return new NetworkDescription(description.Name.Length > 0 ? $"{description.Name}-lista" : "lista", description.InputShape, layers);

        Convolution Encode(int k, string input) => new(description.Operator) { Name = Name("encode", k), Inputs = [input] };

        SoftThreshold Shrink(int k, string input) =>
            new() { Name = Name("shrink", k), Inputs = [input], NonNegative = description.NonNegative, InitialValue = description.Sparsity };
    }

    /// <summary>Parameters with which the network computes K steps of iterative shrinkage: encoders D / L, decoders −D, thresholds λ / L.</summary>
    /// <param name="description">The sparse coding.</param>
    /// <param name="steps">K, from 1.</param>
    /// <param name="dictionary">D, row-major.</param>
    /// <param name="curvature">L, such as <see cref="SparseCoder{T}.Curvature"/>: at least the largest eigenvalue of A Aᵀ.</param>
    /// <exception cref="ArgumentException">As for <see cref="Describe"/>; the dictionary has another length, or L is not above 0.</exception>
    public static NetworkParameters<T> Create<T>(SparseCodingDescription description, int steps, ReadOnlySpan<T> dictionary, double curvature)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkParameters<T>.Zero(Describe(description, steps));
        if (!(curvature > 0 && double.IsFinite(curvature)))
        {
            throw new ArgumentException(FormattableString.Invariant($"{description.Label}: a curvature of {curvature}; give the largest eigenvalue of A Aᵀ, which is above 0."), nameof(curvature));
        }

        var kernel = parameters["encode1.kernel"];
        if (dictionary.Length != kernel.Span.Length)
        {
            throw new ArgumentException($"{description.Label}: a dictionary of {dictionary.Length} elements for {kernel.Description.Shape}; give {kernel.Span.Length}.", nameof(dictionary));
        }

        foreach (var parameter in parameters)
        {
            if (parameter.Role != ParameterRole.Weight) parameter.Span.Fill(T.CreateChecked(description.Sparsity / curvature));
            else TensorPrimitives.Multiply(dictionary, parameter.Name.StartsWith("decode", StringComparison.Ordinal) ? T.NegativeOne : T.CreateChecked(1 / curvature), parameter.Span);
        }

        return parameters;
    }

    private static string Name(string what, int k) => FormattableString.Invariant($"{what}{k}");
}
