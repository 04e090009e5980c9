using System.CommandLine;

namespace Tessera.Cli.Pictures;

/// <summary>Where <c>tessera draw</c> puts a picture: what --out says, or a name in the run's folder, or in the working folder.</summary>
internal static class PictureFile
{
    /// <summary>--out.</summary>
    public static Option<string?> Option() => new("--out") { Description = "The SVG file to write; a name in the run's folder, or else in the working folder, if left out.", HelpName = "FILE.svg" };

    /// <summary>The path, found to be one that can be written.</summary>
    /// <param name="given">What --out says, if anything.</param>
    /// <param name="name">The name where it says nothing.</param>
    /// <param name="model">The run's folder, or a file; null for the working folder.</param>
    /// <exception cref="UsageException">It is not the name of an SVG file.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static string Check(string? given, string name, string? model = null)
    {
        if (given is { Length: > 0 } && !given.EndsWith(".svg", StringComparison.OrdinalIgnoreCase)) throw new UsageException($"--out {given}: pictures are SVG files; give a name that ends in .svg.");
        var path = given ?? Path.Combine(FolderOf(model), Safe(name));
        OutputFiles.Check(path, "--out");
        return path;
    }

    /// <summary>Says which file was written.</summary>
    public static int Written(Session session, string path)
    {
        session.Output.WriteLine(path);
        return Tool.Fine;
    }

    private static string FolderOf(string? model)
    {
        if (model is null) return "";
        if (Directory.Exists(model)) return model;
        // Beside a model file would be in the user's sources; a checkpoint stands in its run's folder.
        return model.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? Path.GetDirectoryName(model) ?? "" : "";
    }

    /// <summary>A layer may be called anything, a file not.</summary>
    public static string Safe(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-'));
}
