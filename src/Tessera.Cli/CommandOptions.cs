using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Tessera.Cli;

/// <summary>Options that several commands have, with the same words everywhere.</summary>
internal static class CommandOptions
{
    /// <summary>--json.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Write results alone to standard output, one JSON object a line." };

    /// <summary>--threads.</summary>
    public static Option<int?> Threads() => Whole("--threads", "Threads to compute with; as many as there are processors if left out. The results do not depend on it.", 1, 1024);

    /// <summary>An option with a whole number within bounds.</summary>
    public static Option<int?> Whole(string name, string description, int least, int most = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "number",
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
            result.AddError(most == int.MaxValue
                ? $"{name} is '{result.Tokens[0].Value}'; give a whole number of at least {least}."
                : $"{name} is '{result.Tokens[0].Value}'; give a whole number from {least} to {most}.");
            return null;
        },
    };

    /// <summary>An option with a number within bounds.</summary>
    public static Option<double?> Real(string name, string description, double least, double most) => new(name)
    {
        Description = description,
        HelpName = "number",
        CustomParser = result =>
        {
            if (double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is '{result.Tokens[0].Value}'; give a number from {least} to {most}."));
            return null;
        },
    };

    /// <summary>An option with one size per axis, such as 28,28.</summary>
    public static Option<Sizes?> SizesOf(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "sizes",
        CustomParser = result => ParseSizes(result, name),
    };

    /// <summary>An option with one number or more, such as 0.485,0.456,0.406.</summary>
    public static Option<IReadOnlyList<float>?> Reals(string name, string description, float least) => new(name)
    {
        Description = description,
        HelpName = "numbers",
        CustomParser = result =>
        {
            var parts = result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries);
            var numbers = new float[parts.Length];
            for (var i = 0; i < parts.Length; i++)
            {
                if (float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) && float.IsFinite(numbers[i]) && numbers[i] >= least) continue;
                result.AddError($"{name} is '{result.Tokens[0].Value}'; give {(least > 0 ? "numbers above 0" : "numbers")}, separated by commas, such as 0.229,0.224,0.225.");
                return null;
            }

            return numbers;
        },
    };

    private static Sizes? ParseSizes(ArgumentResult result, string name)
    {
        var text = result.Tokens[0].Value;
        var sizes = new List<int>();
        foreach (var part in text.Split([',', 'x', '×'], StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size < 1)
            {
                result.AddError($"{name} is '{text}'; give one whole number of at least 1 per axis, separated by commas, such as 28,28.");
                return null;
            }

            sizes.Add(size);
        }

        return [.. sizes];
    }
}
