using System.Numerics.Tensors;

namespace Tessera.Training;

/// <summary>
/// The adjoint identities of a layer f(v, θ): where f(·, θ) is linear up to a constant, ⟨f(v) − f(0), g⟩ = ⟨v, dv⟩ for any v and g, and the same
/// for the parameters. Whether it is linear is asked of the layer itself, by f(a + b) − f(a) − f(b) + f(0) = 0 for random a and b.
/// </summary>
internal static class AdjointCheck
{
    private const double Linear = 1e-10;

    /// <summary>The worst error of the identities that hold, over the lengths of both sides' vectors; null where none does.</summary>
    public static double? Worst(LayerProbe probe, ref RandomSource random)
    {
        var inputs = Of(probe, probe.Inputs, probe.InputGradients, ref random);
        var parameters = probe.Parameters.Length == 0 ? null : Of(probe, probe.Parameters, probe.ParameterGradients, ref random);
        return inputs is null ? parameters : parameters is null ? inputs : Math.Max(inputs.Value, parameters.Value);
    }

    private static double? Of(LayerProbe probe, double[][] arguments, double[][] gradients, ref RandomSource random)
    {
        double[][] kept = [.. arguments.Select(argument => argument.ToArray())];
        double[][] other = [.. arguments.Select(argument => new double[argument.Length])];
        foreach (var values in other) LayerProbe.Fill(values, ref random);
        var atZero = At((_, _) => 0);
        var atOther = At((a, i) => other[a][i]);
        var atSum = At((a, i) => kept[a][i] + other[a][i]);
        var atKept = At((a, i) => kept[a][i]);
        double largest = 0, remains = 0;
        for (var i = 0; i < atZero.Length; i++)
        {
            largest = Math.Max(largest, Math.Max(Math.Abs(atKept[i]), Math.Max(Math.Abs(atOther[i]), Math.Abs(atSum[i]))));
            remains = Math.Max(remains, Math.Abs(atSum[i] - atOther[i] - atKept[i] + atZero[i]));
        }

        // Also where a value is not a number: finite differences will tell.
        if (!(remains <= Linear * largest)) return null;
        probe.Backward();
        TensorPrimitives.Subtract(atKept, atZero, atKept);
        var left = TensorPrimitives.Dot<double>(atKept, probe.Direction);
        double right = 0, argumentSquare = 0, gradientSquare = 0;
        for (var a = 0; a < arguments.Length; a++)
        {
            right += TensorPrimitives.Dot<double>(arguments[a], gradients[a]);
            argumentSquare += TensorPrimitives.SumOfSquares<double>(arguments[a]);
            gradientSquare += TensorPrimitives.SumOfSquares<double>(gradients[a]);
        }

        var lengths = Math.Max(
            TensorPrimitives.Norm<double>(atKept) * TensorPrimitives.Norm<double>(probe.Direction), Math.Sqrt(argumentSquare) * Math.Sqrt(gradientSquare));
        return DifferenceProbe.RelativeError(left, right, lengths);

        double[] At(Func<int, int, double> value)
        {
            for (var a = 0; a < arguments.Length; a++)
            {
                for (var i = 0; i < arguments[a].Length; i++) arguments[a][i] = value(a, i);
            }

            probe.Forward();
            return [.. probe.Output];
        }
    }
}
