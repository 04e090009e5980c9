using System.CommandLine;
using Tessera.Files;
using Tessera.Operators;

namespace Tessera.Cli.Commands;

/// <summary>What one run of <c>tessera apply</c> was asked for, and its files.</summary>
internal sealed record ApplyRun(ParseResult Parsed, ConvolutionDescription Description, PlanOptions Options, Sizes InputSize, int? InputChannels)
{
    /// <summary>The path given for a required file.</summary>
    public string Path(Option<string> file) => Parsed.GetRequiredValue(file);

    /// <summary>The path given for a file that may be left out.</summary>
    public string? OptionalPath(Option<string> file) => Parsed.GetValue(file);

    /// <summary>Checks before any work that a file can be written.</summary>
    public void WillWrite(Option<string> file)
    {
        if (OptionalPath(file) is { } path) OutputFiles.Check(path, file.Name);
    }

    /// <summary>Reads the array of a required file.</summary>
    public NpyArray Read(Option<string> file) => Read(Path(file), file.Name);

    /// <summary>Reads the array of a file that may be left out.</summary>
    public NpyArray? ReadOptional(Option<string> file) => OptionalPath(file) is { } path ? Read(path, file.Name) : null;

    /// <summary>Whether the arrays, which must be of one type, are of doubles.</summary>
    public bool IsDouble(params ReadOnlySpan<NpyArray?> arrays)
    {
        var first = arrays[0]!.Type;
        foreach (var array in arrays)
        {
            if (array is not null && array.Type != first)
            {
                throw new InvalidDataException($"apply {Parsed.CommandResult.Command.Name}: one file holds {first} and another {array.Type}; convert one (numpy: .astype) so that all are of one type.");
            }
        }

        return first == ElementType.Float64;
    }

    private static NpyArray Read(string path, string option)
    {
        var array = NpyFile.Read(path);
        return array.Type is ElementType.Float32 or ElementType.Float64
            ? array
            : throw new InvalidDataException($"{option} {path}: it holds {array.Type}, but Float32 or Float64 is needed; convert it first (numpy: .astype('<f4')).");
    }
}
