using Tessera.Kernels;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>The fast plans against the reference, for all connections and sharings, in each number type and instruction set.</summary>
public class AgreementTests
{
    public static TheoryData<InstructionSet> InstructionSets { get; } = [.. Enum.GetValues<InstructionSet>()];

    public static MatrixTheoryData<ChannelKind, SharingKind> Kinds { get; } = new(Enum.GetValues<ChannelKind>(), Enum.GetValues<SharingKind>());

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Every_plan_agrees_with_the_reference_in_float(InstructionSet instructions) =>
        RandomOperator.Any.Holds(sample => Agreement.Check<float>(sample, instructions), iterations: 80);

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Every_plan_agrees_with_the_reference_in_double(InstructionSet instructions) =>
        RandomOperator.Any.Holds(sample => Agreement.Check<double>(sample, instructions), iterations: 80);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_kind_agrees_with_the_reference(ChannelKind channels, SharingKind sharing) =>
        RandomOperator.Of(channels, sharing).Holds(sample => Agreement.Check<float>(sample, InstructionSet.Best), iterations: 20);

    [Fact]
    public void User_threads_that_share_a_plan_get_the_same_bits() => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Threads = 2 });
            foreach (var operation in Enum.GetValues<Operation>())
            {
                var alone = Agreement.Run(plan, null, operation, sample, plan.HasBias, accumulate: true);
                var together = new float[3][];
                Parallel.For(0, together.Length, new ParallelOptions { MaxDegreeOfParallelism = together.Length }, i =>
                {
                    var workspace = i == 0 ? null : plan.CreateWorkspace();
                    together[i] = Agreement.Run(plan, workspace, operation, sample, plan.HasBias, accumulate: true);
                });
                Assert.All(together, result => Assert.True(Guarded<float>.SameBits(alone, result), $"{operation}: a run beside others differs"));
            }
        },
        iterations: 50);
}
