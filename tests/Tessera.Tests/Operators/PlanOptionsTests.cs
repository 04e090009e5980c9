using System.Numerics.Tensors;
using Tessera.Kernels;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

public class PlanOptionsTests
{
    [Fact]
    public void A_plan_of_one_operation_gives_the_bits_of_the_whole_plan_and_needs_no_more() => RandomOperator.Any.Holds(
        sample =>
        {
            var whole = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Threads = 1 });
            var forward = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Threads = 1, Only = Operation.Forward });
            var transpose = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Threads = 1, Only = Operation.InputGradient });
            Assert.DoesNotContain("Gradient", forward.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("Forward", transpose.ToString(), StringComparison.Ordinal);
            Assert.InRange(Math.Max(forward.WorkspaceBytes, transpose.WorkspaceBytes), 0, whole.WorkspaceBytes);
            var v = sample.Random<float>(whole.InputShape, 1);
            var k = sample.Random<float>(whole.KernelShape, 2);
            var b = whole.HasBias ? sample.Random<float>(whole.BiasShape, 3) : null;
            Assert.Equal(Forward(whole), Forward(forward));
            Assert.Equal(Transpose(whole), Transpose(transpose));

            float[] Forward(ConvolutionPlan<float> plan)
            {
                var z = sample.Random<float>(whole.OutputShape, 4);
                plan.Forward(v, k, b is null ? default : b.AsReadOnlyTensorSpan(), z);
                return Numbers(z);
            }

            float[] Transpose(ConvolutionPlan<float> plan)
            {
                var x = sample.Random<float>(whole.InputShape, 5);
                plan.InputGradient(k, sample.Random<float>(whole.OutputShape, 4), x);
                return Numbers(x);
            }
        },
        iterations: 60);

    private static float[] Numbers(Tensor<float> tensor)
    {
        var numbers = new float[tensor.FlattenedLength];
        tensor.FlattenTo(numbers);
        return numbers;
    }
}
