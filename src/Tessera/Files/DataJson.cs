using System.Text.Json;
using Tessera.Data;

namespace Tessera.Files;

/// <summary>The key <c>data</c> of a model file: everything that a <see cref="DataDescription"/> says.</summary>
internal static class DataJson
{
    private static readonly string[] Changes = ["shift", "flip", "crop", "rotate", "cutout"];

    public static DataDescription Read(LocatedValue value)
    {
        var keys = new LocatedObject(value, "data");
        LocatedValue? source = keys.Optional("source"), normalise = keys.Optional("normalise"), augmentation = keys.Optional("augmentation"), classes = keys.Optional("classes");
        keys.Close();
        return new DataDescription
        {
            Source = source?.NonEmptyText(),
            MeasuresNormalisation = normalise is { Kind: LocatedKind.Truth } && normalise.Truth(),
            Normalisation = normalise is null or { Kind: LocatedKind.Truth } ? null : ReadNormalise(normalise),
            Augmentation = augmentation is null ? Augmentation.None : new Augmentation([.. Items(augmentation, "changes").Select(ReadChange)]),
            ClassNames = classes is null ? [] : [.. Items(classes, "class names").Select(item => item.NonEmptyText())],
        };
    }

    public static void Write(Utf8JsonWriter writer, DataDescription data)
    {
        writer.WriteStartObject("data");
        if (data.Source is not null) writer.WriteString("source", data.Source);
        if (data.MeasuresNormalisation) writer.WriteBoolean("normalise", true);
        else if (data.Normalisation is { } normalise)
        {
            writer.WriteStartObject("normalise");
            WriteNumbers(writer, "mean", normalise.Mean);
            WriteNumbers(writer, "standardDeviation", normalise.StandardDeviation);
            writer.WriteEndObject();
        }

        if (data.Augmentation.Steps.Count > 0)
        {
            writer.WriteStartArray("augmentation");
            foreach (var change in data.Augmentation.Steps) WriteChange(writer, change);
            writer.WriteEndArray();
        }

        if (data.ClassNames.Count > 0)
        {
            writer.WriteStartArray("classes");
            foreach (var name in data.ClassNames) writer.WriteStringValue(name);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static Normalise ReadNormalise(LocatedValue value)
    {
        if (value.Kind != LocatedKind.Object) throw value.WrongBecause("true (measured on the training data), false or an object with mean and standardDeviation is needed");
        var keys = new LocatedObject(value, "normalise");
        LocatedValue mean = keys.Required("mean"), deviation = keys.Required("standardDeviation");
        keys.Close();
        return Made(value, () => new Normalise(
            [.. Items(mean, "numbers").Select(item => (float)item.Real())],
            [.. Items(deviation, "numbers").Select(item => (float)item.Real(0))]));
    }

    private static ImageTransform ReadChange(LocatedValue value)
    {
        var (word, keys) = LocatedObject.Choice(value, "change", Changes);
        Func<ImageTransform> make;
        switch (word)
        {
            case "shift":
                var pixels = keys.Required("pixels").Whole(0);
                var shiftFill = (float)(keys.Optional("fill")?.Real() ?? 0);
                make = () => new RandomShift(pixels, shiftFill);
                break;
            case "crop":
                var padding = keys.Required("padding").Whole(0);
                make = () => new RandomCrop(padding);
                break;
            case "rotate":
                var degrees = keys.Required("degrees").Real(0, 180);
                make = () => new RandomRotation(degrees);
                break;
            case "cutout":
                var size = keys.Required("size").Whole(1);
                var cutFill = (float)(keys.Optional("fill")?.Real() ?? 0);
                make = () => new Cutout(size, cutFill);
                break;
            default:
                var probability = keys.Optional("probability")?.Real(0, 1) ?? 0.5;
                make = () => new HorizontalFlip(probability);
                break;
        }

        keys.Close();
        return Made(value, make);
    }

    private static void WriteChange(Utf8JsonWriter writer, ImageTransform change)
    {
        writer.WriteStartObject();
        switch (change)
        {
            case RandomShift shift:
                writer.WriteString("change", "shift");
                writer.WriteNumber("pixels", shift.Pixels);
                if (shift.Fill != 0) writer.WriteNumber("fill", shift.Fill);
                break;
            case RandomCrop crop:
                writer.WriteString("change", "crop");
                writer.WriteNumber("padding", crop.Padding);
                break;
            case RandomRotation rotation:
                writer.WriteString("change", "rotate");
                writer.WriteNumber("degrees", rotation.Degrees);
                break;
            case Cutout cutout:
                writer.WriteString("change", "cutout");
                writer.WriteNumber("size", cutout.Size);
                if (cutout.Fill != 0) writer.WriteNumber("fill", cutout.Fill);
                break;
            case HorizontalFlip flip:
                writer.WriteString("change", "flip");
                writer.WriteNumber("probability", flip.Probability);
                break;
            default:
                throw new NotSupportedException($"data: a model file has no word for the change {change.GetType().Name}; normalise by the description's own setting.");
        }

        writer.WriteEndObject();
    }

    private static List<LocatedValue> Items(LocatedValue value, string what) =>
        value.Kind == LocatedKind.List ? value.Items : throw value.WrongBecause($"a list of {what} is needed");

    private static void WriteNumbers(Utf8JsonWriter writer, string key, IReadOnlyList<float> numbers)
    {
        writer.WriteStartArray(key);
        foreach (var number in numbers) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }

    private static T Made<T>(LocatedValue value, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException exception)
        {
            throw value.Wrong(exception.Message.Split(" (Parameter", 2)[0]);
        }
    }
}
