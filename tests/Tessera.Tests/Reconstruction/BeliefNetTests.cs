using CsCheck;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Reconstruction;

/// <summary>Stacks of machines: what goes up and down, what learning leaves and needs, and the network that starts from them.</summary>
public class BeliefNetTests
{
    private static readonly RbmDescription Pooled = new() { Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Padding = Padding.Same }, Pooling = [2, 2] };

    private static BeliefNetDescription Net => new(
        "net",
        [1, 5, 5],
        [Pooled, new RbmDescription { Name = "top", Operator = new ConvolutionDescription { Kernel = [2, 2], Outputs = 3, Sharing = Sharing.Unshared } }]);

    [Fact]
    public void Codes_go_up_and_down_machine_by_machine_by_means()
    {
        var net = new BeliefNet<float>(Net, 2, seed: 3);
        Assert.Equal([2, 1, 5, 5], Sizes.Empty.Append([2]).Append(net.SampleShape));
        Assert.Equal([3, 2, 2], net.CodeShape);
        Assert.Equal([4, 3, 3], net.Description.VisibleShape(1));
        var (low, top) = (net.Machines[0], net.Machines[1]);
        var samples = RandomRbm.Images(low, 1);
        var (hidden, pooled, codes, expected) = (new float[low.HiddenElements], new float[low.CodeElements], new float[24], new float[24]);
        low.HiddenMeans(samples, hidden);
        low.Pool(hidden, pooled);
        top.HiddenMeans(pooled, expected);
        net.Encode(samples, codes);
        Assert.Equal(expected, codes);

        var (middle, image, decoded) = (new float[pooled.Length], new float[samples.Length], new float[samples.Length]);
        top.VisibleMeans(codes, middle);
        low.Spread(middle, hidden);
        low.VisibleMeans(hidden, image);
        net.Decode(codes, decoded);
        Assert.Equal(image, decoded);

        var again = new float[pooled.Length];
        low.Pool(hidden, again);
        for (var i = 0; i < again.Length; i++) Assert.Equal(middle[i], again[i], 1e-6f);
    }

    [Fact]
    public void A_network_that_starts_from_the_machines_has_their_hidden_means() =>
        RandomRbm.Any.Holds(
            sample =>
            {
                var net = new BeliefNet<double>(new BeliefNetDescription("net", sample.VisibleShape, [sample.Description with { Name = "low" }]), 2, seed: sample.Seed, threads: 1, exact: true);
                var machine = net.Machines[0];
                foreach (ref var bias in machine.HiddenBias) bias = 0.3;
                var (samples, means, codes) = (RandomRbm.Images(machine, sample.Seed), new double[machine.HiddenElements], new double[machine.CodeElements]);
                var (network, parameters) = net.ToNetwork(3);
                var execution = new NetworkExecution<double>(network, parameters, 2, new ExecutionOptions { KeepActivations = true, Threads = 1, Exact = true });
                Assert.Equal(6, execution.Forward(samples).Length);
                var found = new double[means.Length];
                execution.Activation("low-means").FlattenTo(found);
                if (sample.Description.Pooling.Count == 0)
                {
                    machine.HiddenMeans(samples, means);
                    for (var i = 0; i < means.Length; i++) Assert.Equal(means[i], found[i], 1e-12);
                    return;
                }

                Assert.Equal(net.CodeShape, Sizes.Of(execution.Activation("low-pool").Lengths).From(1));
                found = new double[codes.Length];
                execution.Activation("low-pool").FlattenTo(found);
                net.Encode(samples, codes);
                // The probability that any of a block is on is at least that of one alone; a unit by itself has just that.
                for (var i = 0; i < codes.Length; i++) Assert.True(codes[i] >= found[i] - 1e-12);
                if (sample.Description.Pooling.All(static size => size == 1)) for (var i = 0; i < codes.Length; i++) Assert.Equal(found[i], codes[i], 1e-12);
            },
            60);

    [Fact]
    public void Both_machines_of_a_stack_come_to_miss_less_and_learning_one_leaves_the_other()
    {
        var net = new BeliefNet<float>(new BeliefNetDescription("net", [1, 4, 4], [Pooled, new RbmDescription { Operator = new() { Kernel = [2, 2], Outputs = 6 } }]), 32, new RbmTraining { LearningRate = 0.2 }, threads: 1);
        for (var stage = 0; stage < 2; stage++)
        {
            var other = net.Machines[1 - stage].Kernel.ToArray();
            double first = 0, last = 0;
            for (var step = 0; step < 200; step++)
            {
                var error = net.Learn(ContrastiveDivergenceTests.Bars(step), stage, (200 * stage) + step);
                if (step < 10) first += error;
                if (step >= 190) last += error;
            }

            Assert.True(last < 0.8 * first, $"machine {stage}: {first} to {last}");
            Assert.Equal(other, net.Machines[1 - stage].Kernel.ToArray());
        }
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 3 })
        {
            var shape = new BeliefNetDescription("", [1, 16, 16], [Pooled with { Visible = VisibleUnits.Gaussian }, new() { Operator = new() { Kernel = [3, 3], Outputs = 6 } }]);
            var net = new BeliefNet<float>(shape, 20, new RbmTraining { Persistent = true, Steps = 2, SparsityTarget = 0.1 }, threads: threads);
            var samples = RandomRbm.Images(net.Machines[0], 1);
            for (var step = 0; step < 4; step++) net.Learn(samples, step / 2, step);
            var codes = new float[20 * net.CodeShape.Product];
            net.Encode(samples, codes);
            float[] found = [.. All(net), .. codes, .. net.Sample(3, 2, 1)[1], .. net.Sample(3, 2, 1, samples)[1]];
            expected ??= found;
            Assert.Equal(expected, found);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parameters_and_state_are_all_it_takes_to_go_on(bool persistent)
    {
        var training = new RbmTraining { Persistent = persistent, SparsityTarget = 0.2 };
        var (one, other) = (new BeliefNet<double>(Net, 4, training, seed: 5), new BeliefNet<double>(Net, 4, training, seed: 5));
        var samples = RandomRbm.Images(one.Machines[0], 2);
        for (var step = 0; step < 4; step++) one.Learn(samples, step / 2, step);
        foreach (var (from, to) in Tensors(one).Zip(Tensors(other)))
        {
            Assert.Equal(from.Name, to.Name);
            Assert.Equal(from.Shape.Product, from.Values.Length);
            from.Values.CopyTo(to.Values, 0);
        }

        for (var step = 4; step < 8; step++) Assert.Equal(one.Learn(samples, step / 2 % 2, step), other.Learn(samples, step / 2 % 2, step));
        Assert.Equal(All(one), All(other));
        Assert.Equal(["rbm1.kernel", "rbm1.hiddenBias", "rbm1.visibleBias", "top.kernel", "top.hiddenBias", "top.visibleBias"], ((ILearner<double>)one).Parameters.Select(static tensor => tensor.Name));
        string[] momenta = ["rbm1.momentum.kernel", "rbm1.momentum.hiddenBias", "rbm1.momentum.visibleBias"];
        Assert.Equal(persistent ? [.. momenta, "rbm1.chain"] : momenta, ((ILearner<double>)one).State.Select(static tensor => tensor.Name).Where(static name => name.StartsWith("rbm1", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_sample_is_the_highest_machines_chain_taken_down()
    {
        var net = new BeliefNet<double>(Net, 2, seed: 9);
        var samples = RandomRbm.Images(net.Machines[0], 4);
        var (hidden, seen, image) = (new double[net.Machines[0].HiddenElements], new double[net.Machines[0].CodeElements], new double[samples.Length]);
        net.Machines[0].HiddenMeans(samples, hidden);
        net.Machines[0].Pool(hidden, seen);
        var picture = net.Machines[1].Sample(6, 4, 2, seen)[1];
        net.Machines[0].Spread(picture, hidden);
        net.Machines[0].VisibleMeans(hidden, image);
        Assert.Equal(image, net.Sample(6, 4, 2, samples)[1]);
    }

    [Fact]
    public void Machines_that_do_not_fit_are_named()
    {
        Message("net: it has no machines; give at least one.", []);
        Message("net: the name 'a' stands twice; give each machine its own.", [Pooled with { Name = "a" }, Pooled with { Name = "a" }]);
        Message("rbm2: kernel 3 does not fit input 2 with padding 0 on axis 0; pad by 1 more or use a kernel of at most 2.", [Pooled, new() { Operator = new() { Kernel = [3, 3], Outputs = 2 } }]);
        Message("rbm2: Gaussian visible units over rbm1, whose hidden units give probabilities; use binary visible units.", [Pooled, Pooled with { Visible = VisibleUnits.Gaussian }]);
        Message(
            "rbm2: binary visible units over rbm1, whose rectified hidden units give numbers above 1 too; use Gaussian visible units, or binary hidden units below.",
            [Pooled with { Hidden = HiddenUnits.Rectified, Pooling = [] }, Pooled]);
        Assert.Equal(Net, Net);
        Assert.NotEqual(Net, new BeliefNetDescription("net", [1, 5, 5], [Pooled]));
        Assert.Contains("there are 2 machines, counted from 0", Assert.Throws<ArgumentOutOfRangeException>(() => new BeliefNet<float>(Net, 1).Learn(new float[25], 2, 0)).Message, StringComparison.Ordinal);

        static void Message(string expected, RbmDescription[] machines) =>
            Assert.StartsWith(expected, Assert.Throws<ArgumentException>(() => new BeliefNetDescription("net", [1, 4, 4], machines)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<NamedTensor<T>> Tensors<T>(BeliefNet<T> net)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T> => [.. ((ILearner<T>)net).Parameters, .. ((ILearner<T>)net).State];

    private static T[] All<T>(BeliefNet<T> net)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T> => [.. Tensors(net).SelectMany(static tensor => tensor.Values)];
}
