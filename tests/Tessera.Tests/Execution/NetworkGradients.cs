using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Holds a network's gradients against central differences of a random linear function of its output, and its penalties.</summary>
internal static class NetworkGradients
{
    private const double Step = 1e-6;

    /// <summary>Checks the gradients of every parameter and of the input, at up to a dozen elements of each tensor.</summary>
    public static void Check(NetworkDescription network, int batch, long seed, double tolerance = 2e-6)
    {
        var options = new ExecutionOptions { Training = true, InputGradient = true, Seed = seed, Threads = 1 };
        var parameters = Parameters<double>(network, seed);
        var execution = new NetworkExecution<double>(network, parameters, batch, options);
        var input = Random<double>(execution.InputShape, seed, 1);
        var weights = Random<double>(execution.OutputShape, seed, 2);
        execution.Forward(input);
        execution.Backward(weights);
        var gradients = execution.Gradients.Select(gradient => gradient.Span.ToArray()).ToArray();
        var inputGradient = execution.InputGradient.ToArray();

        for (var index = 0; index < gradients.Length; index++)
        {
            var parameter = parameters.Trained[index];
            Compare(parameter.Name, gradients[index], parameter.Span, Loss);
        }

        var values = new double[input.FlattenedLength];
        input.FlattenTo(values);
        Compare("input", inputGradient, values, () =>
        {
            input = Tensor.Create(values, execution.InputShape.ToLengths());
            return Loss();
        });

        double Loss()
        {
            var output = execution.Forward(input).ToArray();
            return TensorPrimitives.Dot<double>(output, weights.ToDenseArray()) + execution.Penalty;
        }

        void Compare(string name, double[] analytic, Span<double> at, Func<double> loss)
        {
            var random = new RandomSource(seed, 3);
            for (var sample = 0; sample < Math.Min(12, at.Length); sample++)
            {
                var i = at.Length <= 12 ? sample : random.NextInt(at.Length);
                var before = at[i];
                at[i] = before + Step;
                var above = loss();
                at[i] = before - Step;
                var below = loss();
                at[i] = before;
                var numeric = (above - below) / (2 * Step);
                var error = Math.Abs(numeric - analytic[i]) / Math.Max(1, Math.Abs(numeric));
                Assert.True(error < tolerance, $"{network}\n{name}[{i}]: {analytic[i]:R}, but differences say {numeric:R}");
            }
        }
    }

    /// <summary>Parameters none of which stands at a special value.</summary>
    public static NetworkParameters<T> Parameters<T>(NetworkDescription network, long seed)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkParameters<T>.Create(network, seed);
        var random = new RandomSource(seed, 99);
        foreach (var parameter in parameters)
        {
            var least = parameter.Role is ParameterRole.Scale or ParameterRole.Statistic or ParameterRole.Constant ? 0.5 : -0.5;
            // A constant that begins at a number means that one.
            if (parameter.Role == ParameterRole.Weight || (parameter.Role == ParameterRole.Constant && parameter.Description.InitialValue != 0)) continue;
            foreach (ref var value in parameter.Span) value = T.CreateChecked(random.NextDouble() + least);
        }

        return parameters;
    }

    /// <summary>Numbers between −1 and 1.</summary>
    public static Tensor<T> Random<T>(Sizes shape, long seed, long key)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new RandomSource(seed, key);
        var values = new T[shape.Product];
        for (var i = 0; i < values.Length; i++) values[i] = T.CreateChecked((random.NextDouble() * 2) - 1);
        return Tensor.Create(values, shape.ToLengths());
    }

    /// <summary>The elements in row-major order.</summary>
    public static T[] ToArray<T>(this in ReadOnlyTensorSpan<T> tensor)
    {
        var flat = new T[tensor.FlattenedLength];
        tensor.FlattenTo(flat);
        return flat;
    }

    /// <summary>The elements in row-major order.</summary>
    public static T[] ToDenseArray<T>(this Tensor<T> tensor) => ToArray<T>(tensor.AsReadOnlyTensorSpan());
}
