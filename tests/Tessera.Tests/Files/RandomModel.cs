using CsCheck;
using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Initialisers;
using Tessera.Networks.Layers;
using Tessera.Tests.Operators;
using Tessera.Training;

namespace Tessera.Tests.Files;

/// <summary>Random models of every kind of layer, optimiser, schedule, loss and change to samples.</summary>
internal static class RandomModel
{
    private static readonly Gen<double> Fraction = Gen.Int[0, 99].Select(hundredths => hundredths / 100.0);

    private static readonly Gen<Initialiser?> AnyInitialiser =
        from kind in Gen.Int[0, 4]
        from distribution in Gen.Int[0, 1].Select(number => (Distribution)number)
        from gain in Fraction
        select kind switch { 0 => null, 1 => new He(distribution), 2 => new Glorot(distribution), 3 => new LeCun(distribution), _ => (Initialiser?)new Orthogonal(gain, distribution) };

    private static readonly Gen<Optimiser> AnyOptimiser =
        from kind in Gen.Int[0, 3]
        from rate in Gen.Double[1e-5, 1]
        from decay in Fraction
        from momentum in Fraction
        from flag in Gen.Bool
        select kind switch
        {
            0 => new Sgd { LearningRate = rate, WeightDecay = decay, Momentum = momentum, Nesterov = flag && momentum > 0 },
            1 => new RmsProp { LearningRate = rate, WeightDecay = decay, Momentum = momentum, Smoothing = decay, DecayEverything = flag },
            2 => new AdamW { LearningRate = rate, WeightDecay = decay, Beta1 = momentum, DecayEverything = flag },
            _ => (Optimiser)new Adam { LearningRate = rate, WeightDecay = decay, Beta2 = momentum, Epsilon = rate },
        };

    private static readonly Gen<Schedule> AnySchedule =
        from kind in Gen.Int[0, 3]
        from fraction in Fraction
        from steps in Gen.Int[0, 20]
        select kind switch
        {
            0 => new ConstantSchedule { WarmUpSteps = steps },
            1 => new StepSchedule { Every = steps + 1, Factor = fraction + 0.01, WarmUpEpochs = fraction },
            2 => new CosineSchedule { Final = fraction, WarmUpSteps = steps },
            _ => (Schedule)new OneCycleSchedule { Rise = fraction == 0 ? 0.5 : fraction, InitialDivisor = 1 + steps },
        };

    private static readonly Gen<TrainingDescription> AnyTraining =
        from optimiser in AnyOptimiser
        from schedule in AnySchedule
        from loss in Gen.Int[0, 3]
        from numbers in Gen.Int[1, 100].Array[3]
        from fraction in Fraction
        from seed in Gen.Long
        from flags in Gen.Bool.Array[4]
        select new TrainingDescription
        {
            Epochs = numbers[0],
            BatchSize = numbers[1],
            Loss = loss switch { 0 => new MeanSquaredError(), 1 => new MeanAbsoluteError(), 2 => new BinaryCrossEntropy(), _ => (Loss)new CrossEntropy { LabelSmoothing = fraction } },
            Target = flags[1] && !flags[2] && loss < 3 ? TrainingTarget.Input : TrainingTarget.Given,
            Optimiser = optimiser,
            Schedule = schedule,
            ClipNorm = flags[0] ? 1 + fraction : null,
            Seed = seed,
            Threads = flags[1] ? 0 : 3,
            Exact = flags[0],
            ValidationFraction = fraction,
            Measure = flags[2] ? QualityMeasure.Accuracy : QualityMeasure.Loss,
            EarlyStopping = flags[3] ? new EarlyStopping(numbers[2], fraction) : null,
            KeepBest = flags[1],
        };

    private static readonly Gen<DataDescription> AnyData =
        from changes in Gen.Int[0, 4].Array[0, 4]
        from normalise in Gen.Int[0, 2]
        from fraction in Fraction
        select new DataDescription
        {
            Source = normalise == 0 ? "some data" : null,
            MeasuresNormalisation = normalise == 1,
            Normalisation = normalise == 2 ? new Normalise([(float)fraction], [(float)fraction + 0.1f]) : null,
            Augmentation = new Augmentation([.. changes.Select(change => Change(change, fraction))]),
            ClassNames = normalise == 2 ? ["cat", "dog \"é\""] : [],
        };

    /// <summary>Models whose network is a chain over one axis or more, with a branch joined again at times.</summary>
    public static Gen<ModelDescription> Any { get; } =
        from first in RandomOperator.Any
        from kinds in Gen.Int[0, 59].Array[0, 6]
        from initialiser in AnyInitialiser
        from fraction in Fraction
        from training in AnyTraining
        from data in AnyData
        let network = Network(first, kinds, initialiser, fraction)
        where network is not null
        select new ModelDescription(network, training, data);

    private static ImageTransform Change(int change, double fraction) => change switch
    {
        0 => new RandomShift(2, (float)fraction),
        1 => new HorizontalFlip(fraction),
        2 => new RandomCrop(3),
        3 => new RandomRotation(fraction * 10),
        _ => new Cutout(4, (float)fraction),
    };

    private static NetworkDescription? Network(RandomOperator first, int[] kinds, Initialiser? initialiser, double fraction)
    {
        // Orthogonal initialisation is checked against the kernel only when weights are drawn, so any goes here.
        var layers = new List<Layer>
        {
            new Convolution(first.Description) { Name = "first", Initialiser = initialiser },
            new TransposedConvolution(first.Description, first.InputShape[1]) { Bias = fraction > 0.5, SizeOf = "input", Initialiser = initialiser },
            new TiedTranspose("first") { Inputs = ["first"], Bias = fraction < 0.5 },
            new Add { Name = "join", Inputs = ["input", "deconv1", "tied1"] },
        };
        // A penalty on mean activations takes what a sigmoid gives.
        foreach (var kind in kinds)
        {
            layers.AddRange(kind switch
            {
                18 => [new Sigmoid(), Sparsity.RelativeEntropy(fraction, fraction)],
                48 => [new Constant(fraction < 0.5 ? [] : [1]) { Name = $"given{layers.Count}", InitialValue = fraction, IsTrained = fraction > 0.7 }, new Maximum { Inputs = [$"given{layers.Count}", "join", "join"] }],
                _ => [Simple(kind, fraction, first.Description.Rank)],
            });
        }

        layers.Add(new Dense(3) { Initialiser = initialiser, Bias = fraction < 0.5 });
        try
        {
            var network = new NetworkDescription("random", first.InputShape.From(1), layers, fraction < 0.3 ? ["first", "join"] : []);
            // Not those whose layers move the batch, which run one example alone.
            network.Shapes(2);
            return network;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Without initialisers of its own, some of which do not suit every layer.</summary>
    public static NetworkDescription Plain(NetworkDescription network) => new(
        network.Name,
        network.InputShape,
        [.. network.Layers.Select(layer => layer switch
        {
            Convolution convolution => convolution with { Initialiser = null },
            TransposedConvolution transposed => transposed with { Initialiser = null },
            Dense dense => dense with { Initialiser = null },
            _ => layer,
        })],
        network.FurtherOutputs);

    private static Layer Simple(int kind, double fraction, int rank) => kind switch
    {
        0 => RandomBend.Of(fraction),
        1 => new LeakyRelu(fraction),
        2 => new Elu(fraction + 0.1),
        3 => new Sigmoid(),
        4 => new Tanh(),
        5 => new Softplus(),
        6 => new Gelu(),
        7 => new Silu(),
        8 => new Softmax(),
        9 => new Flatten(),
        10 => new BatchNormalisation { Momentum = fraction },
        11 => new Dropout(fraction),
        12 => new Multiply { Inputs = ["join", "join"] },
        13 => new Concatenate { Inputs = ["join", "input"] },
        14 => Noise.Gaussian(fraction + 0.01),
        15 => Noise.Masking(fraction),
        16 => Noise.SaltAndPepper(fraction, -fraction, fraction + 1),
        17 => Sparsity.MeanMagnitude(fraction),
        19 => new GaussianSample { Weight = fraction },
        20 => new SoftThreshold { InitialValue = fraction, NonNegative = fraction > 0.5 },
        38 => new Subtract { Inputs = ["join", "join"] },
        39 => new Divide { Inputs = ["join", "join"] },
        40 => new Power { Inputs = ["join", "join"] },
        41 => new Minimum { Inputs = ["join", "join"] },
        42 => new Maximum { Inputs = ["join", "join", "join"] },
        43 => new MatrixProduct { Inputs = ["join", "join"] },
        44 or 45 or 46 => new Reduce((ReduceFunction)(fraction * 6), kind == 44 ? [1] : [-1, 1]) { KeepSizes = kind < 46 },
        47 => new ArgMax(fraction < 0.5 ? 1 : -1) { KeepSize = fraction < 0.7, LastIndex = fraction > 0.3 },
        >= 48 => RandomMovingLayer.Of(kind - 48, fraction, rank),
        _ => RandomWindowLayer.Of(kind - 21, fraction, rank),
    };
}
