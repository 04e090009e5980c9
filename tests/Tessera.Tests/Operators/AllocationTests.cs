using System.Numerics.Tensors;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Running a plan allocates nothing on the managed heap, on no thread. Alone, because it measures the process.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public class AllocationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Running_a_plan_allocates_nothing(int threads) => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Threads = threads });
            Assert.DoesNotContain("reference", plan.ToString(), StringComparison.Ordinal);
            var v = sample.Random<float>(plan.InputShape, 1);
            var k = sample.Random<float>(plan.KernelShape, 2);
            var b = plan.HasBias ? sample.Random<float>(plan.BiasShape, 3) : null;
            var z = sample.Random<float>(plan.OutputShape, 4);
            Run();
            Assert.Equal(0, Allocations.LeastOfProcess(Run));

            void Run()
            {
                plan.Forward(v, k, b is null ? default : b.AsReadOnlyTensorSpan(), z);
                plan.KernelGradient(v, z, k, b is null ? default : b.AsTensorSpan());
                plan.InputGradient(k, z, v, accumulate: true);
            }
        },
        iterations: 40);
}
