using System.Text.Json;
using Tessera.Training;

namespace Tessera.Files;

/// <summary>The key <c>training</c> of a model file: everything that a <see cref="TrainingDescription"/> says.</summary>
internal static class TrainingJson
{
    private static readonly string[] Losses = ["cross-entropy", "mean-squared-error", "mean-absolute-error", "binary-cross-entropy"];
    private static readonly string[] Optimisers = ["sgd", "adam", "adamw", "rmsprop"];
    private static readonly string[] Schedules = ["constant", "step", "cosine", "one-cycle"];

    public static TrainingDescription Read(LocatedValue value)
    {
        var keys = new LocatedObject(value, "training");
        var defaults = new TrainingDescription();
        var training = new TrainingDescription
        {
            Epochs = keys.Optional("epochs")?.Whole(1) ?? defaults.Epochs,
            BatchSize = keys.Optional("batchSize")?.Whole(1) ?? defaults.BatchSize,
            Loss = keys.Optional("loss") is { } loss ? ReadLoss(loss) : defaults.Loss,
            Target = keys.Optional("target")?.OneOf("given", "input") == "input" ? TrainingTarget.Input : TrainingTarget.Given,
            Optimiser = keys.Optional("optimiser") is { } optimiser ? ReadOptimiser(optimiser) : defaults.Optimiser,
            Schedule = keys.Optional("schedule") is { } schedule ? ReadSchedule(schedule) : defaults.Schedule,
            ClipNorm = keys.Optional("clipNorm")?.Real(0),
            Seed = keys.Optional("seed")?.WholeLong(long.MinValue) ?? defaults.Seed,
            Threads = keys.Optional("threads")?.Whole(0, 1024) ?? defaults.Threads,
            Exact = keys.Optional("exact")?.Truth() ?? defaults.Exact,
            ValidationFraction = keys.Optional("validationFraction")?.Real(0, 1) ?? defaults.ValidationFraction,
            Measure = keys.Optional("measure")?.OneOf("loss", "accuracy") == "accuracy" ? QualityMeasure.Accuracy : QualityMeasure.Loss,
            EarlyStopping = keys.Optional("earlyStopping") is { } stopping ? ReadEarlyStopping(stopping) : null,
            KeepBest = keys.Optional("keepBest")?.Truth() ?? defaults.KeepBest,
        };
        keys.Close();
        try
        {
            training.Check();
        }
        catch (ArgumentException exception)
        {
            throw value.Wrong(exception.Message);
        }

        return training;
    }

    public static void Write(Utf8JsonWriter writer, TrainingDescription training)
    {
        writer.WriteStartObject("training");
        writer.WriteNumber("epochs", training.Epochs);
        writer.WriteNumber("batchSize", training.BatchSize);
        WriteLoss(writer, training.Loss);
        if (training.Target == TrainingTarget.Input) writer.WriteString("target", "input");
        WriteOptimiser(writer, training.Optimiser);
        WriteSchedule(writer, training.Schedule);
        if (training.ClipNorm is { } norm) writer.WriteNumber("clipNorm", norm);
        writer.WriteNumber("seed", training.Seed);
        if (training.Threads != 0) writer.WriteNumber("threads", training.Threads);
        if (training.Exact) writer.WriteBoolean("exact", true);
        if (training.ValidationFraction != 0) writer.WriteNumber("validationFraction", training.ValidationFraction);
        if (training.Measure == QualityMeasure.Accuracy) writer.WriteString("measure", "accuracy");
        if (training.EarlyStopping is { } stopping)
        {
            writer.WriteStartObject("earlyStopping");
            writer.WriteNumber("patience", stopping.Patience);
            if (stopping.MinimumChange != 0) writer.WriteNumber("minimumChange", stopping.MinimumChange);
            writer.WriteEndObject();
        }

        if (training.KeepBest) writer.WriteBoolean("keepBest", true);
        writer.WriteEndObject();
    }

    private static Loss ReadLoss(LocatedValue value)
    {
        var (word, keys) = LocatedObject.Choice(value, "loss", Losses);
        Loss loss = word switch
        {
            "mean-squared-error" => new MeanSquaredError(),
            "mean-absolute-error" => new MeanAbsoluteError(),
            "binary-cross-entropy" => new BinaryCrossEntropy(),
            _ => new CrossEntropy { LabelSmoothing = keys.Optional("labelSmoothing")?.Real(0, 1) ?? 0 },
        };
        keys.Close();
        return loss;
    }

    private static void WriteLoss(Utf8JsonWriter writer, Loss loss)
    {
        switch (loss)
        {
            case CrossEntropy { LabelSmoothing: not 0 } smoothed:
                writer.WriteStartObject("loss");
                writer.WriteString("loss", "cross-entropy");
                writer.WriteNumber("labelSmoothing", smoothed.LabelSmoothing);
                writer.WriteEndObject();
                break;
            default:
                writer.WriteString("loss", loss switch
                {
                    MeanSquaredError => "mean-squared-error",
                    MeanAbsoluteError => "mean-absolute-error",
                    BinaryCrossEntropy => "binary-cross-entropy",
                    _ => "cross-entropy",
                });
                break;
        }
    }

    private static Optimiser ReadOptimiser(LocatedValue value)
    {
        var (word, keys) = LocatedObject.Choice(value, "optimiser", Optimisers);
        Optimiser optimiser;
        switch (word)
        {
            case "sgd":
                optimiser = new Sgd { Momentum = keys.Optional("momentum")?.Real(0, 1) ?? 0, Nesterov = keys.Optional("nesterov")?.Truth() ?? false };
                break;
            case "rmsprop":
                var rms = new RmsProp();
                optimiser = rms with
                {
                    Smoothing = keys.Optional("smoothing")?.Real(0, 1) ?? rms.Smoothing,
                    Momentum = keys.Optional("momentum")?.Real(0, 1) ?? rms.Momentum,
                    Epsilon = keys.Optional("epsilon")?.Real(0) ?? rms.Epsilon,
                };
                break;
            case "adamw":
                var adamW = new AdamW();
                optimiser = adamW with
                {
                    Beta1 = keys.Optional("beta1")?.Real(0, 1) ?? adamW.Beta1,
                    Beta2 = keys.Optional("beta2")?.Real(0, 1) ?? adamW.Beta2,
                    Epsilon = keys.Optional("epsilon")?.Real(0) ?? adamW.Epsilon,
                };
                break;
            default:
                var adam = new Adam();
                optimiser = adam with
                {
                    Beta1 = keys.Optional("beta1")?.Real(0, 1) ?? adam.Beta1,
                    Beta2 = keys.Optional("beta2")?.Real(0, 1) ?? adam.Beta2,
                    Epsilon = keys.Optional("epsilon")?.Real(0) ?? adam.Epsilon,
                };
                break;
        }

        optimiser = optimiser with
        {
            LearningRate = keys.Optional("learningRate")?.Real(0) ?? optimiser.LearningRate,
            WeightDecay = keys.Optional("weightDecay")?.Real(0) ?? optimiser.WeightDecay,
            DecayEverything = keys.Optional("decayEverything")?.Truth() ?? false,
        };
        keys.Close();
        return optimiser;
    }

    private static void WriteOptimiser(Utf8JsonWriter writer, Optimiser optimiser)
    {
        writer.WriteStartObject("optimiser");
        writer.WriteString("optimiser", optimiser.Name);
        writer.WriteNumber("learningRate", optimiser.LearningRate);
        switch (optimiser)
        {
            case Sgd sgd:
                if (sgd.Momentum != 0) writer.WriteNumber("momentum", sgd.Momentum);
                if (sgd.Nesterov) writer.WriteBoolean("nesterov", true);
                break;
            case RmsProp rms:
                writer.WriteNumber("smoothing", rms.Smoothing);
                if (rms.Momentum != 0) writer.WriteNumber("momentum", rms.Momentum);
                writer.WriteNumber("epsilon", rms.Epsilon);
                break;
            case AdamW adamW:
                WriteMoments(adamW.Beta1, adamW.Beta2, adamW.Epsilon);
                break;
            case Adam adam:
                WriteMoments(adam.Beta1, adam.Beta2, adam.Epsilon);
                break;
        }

        writer.WriteNumber("weightDecay", optimiser.WeightDecay);
        if (optimiser.DecayEverything) writer.WriteBoolean("decayEverything", true);
        writer.WriteEndObject();

        void WriteMoments(double beta1, double beta2, double epsilon)
        {
            writer.WriteNumber("beta1", beta1);
            writer.WriteNumber("beta2", beta2);
            writer.WriteNumber("epsilon", epsilon);
        }
    }

    private static Schedule ReadSchedule(LocatedValue value)
    {
        var (word, keys) = LocatedObject.Choice(value, "schedule", Schedules);
        Schedule schedule;
        switch (word)
        {
            case "step":
                var step = new StepSchedule();
                schedule = step with { Every = keys.Optional("every")?.Whole(1) ?? step.Every, Factor = keys.Optional("factor")?.Real(0, 1) ?? step.Factor };
                break;
            case "cosine":
                schedule = new CosineSchedule { Final = keys.Optional("final")?.Real(0, 1) ?? 0 };
                break;
            case "one-cycle":
                var cycle = new OneCycleSchedule();
                schedule = cycle with
                {
                    Rise = keys.Optional("rise")?.Real(0, 1) ?? cycle.Rise,
                    InitialDivisor = keys.Optional("initialDivisor")?.Real(1) ?? cycle.InitialDivisor,
                    FinalDivisor = keys.Optional("finalDivisor")?.Real(1) ?? cycle.FinalDivisor,
                };
                break;
            default:
                schedule = new ConstantSchedule();
                break;
        }

        schedule = schedule with { WarmUpSteps = keys.Optional("warmUpSteps")?.Whole(0) ?? 0, WarmUpEpochs = keys.Optional("warmUpEpochs")?.Real(0) ?? 0 };
        keys.Close();
        return schedule;
    }

    private static void WriteSchedule(Utf8JsonWriter writer, Schedule schedule)
    {
        writer.WriteStartObject("schedule");
        writer.WriteString("schedule", schedule.Name);
        switch (schedule)
        {
            case StepSchedule step:
                writer.WriteNumber("every", step.Every);
                writer.WriteNumber("factor", step.Factor);
                break;
            case CosineSchedule cosine:
                if (cosine.Final != 0) writer.WriteNumber("final", cosine.Final);
                break;
            case OneCycleSchedule cycle:
                writer.WriteNumber("rise", cycle.Rise);
                writer.WriteNumber("initialDivisor", cycle.InitialDivisor);
                writer.WriteNumber("finalDivisor", cycle.FinalDivisor);
                break;
        }

        if (schedule.WarmUpSteps != 0) writer.WriteNumber("warmUpSteps", schedule.WarmUpSteps);
        if (schedule.WarmUpEpochs != 0) writer.WriteNumber("warmUpEpochs", schedule.WarmUpEpochs);
        writer.WriteEndObject();
    }

    private static EarlyStopping ReadEarlyStopping(LocatedValue value)
    {
        var keys = new LocatedObject(value, "earlyStopping");
        var stopping = new EarlyStopping(keys.Required("patience").Whole(1), keys.Optional("minimumChange")?.Real(0) ?? 0);
        keys.Close();
        return stopping;
    }
}
