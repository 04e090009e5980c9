using System.Globalization;

namespace Tessera.Cli.Runs;

/// <summary>The folder that a training leaves behind, and the names of the files in it.</summary>
internal sealed class RunFolder
{
    private bool isNew;

    private RunFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The network with its parameters and, while it is unfinished, all to go on with.</summary>
    public string Checkpoint => this["model.safetensors"];

    /// <summary>One of its files.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder for a new run, or the next free <c>runs/name-n</c> where none is given, and checks that it can be written.</summary>
    /// <exception cref="IOException">It cannot be made or written, or holds a model already.</exception>
    public static RunFolder Create(string? given, string modelName)
    {
        var folder = new RunFolder(given ?? NextFree(modelName));
        if (File.Exists(folder.Path)) throw new IOException($"--out {folder.Path}: it is a file; give a folder.");
        if (File.Exists(folder.Checkpoint)) throw new IOException($"--out {folder.Path}: it holds a model already; give another folder, or go on with that one by --resume {folder.Path}.");
        folder.isNew = !Directory.Exists(folder.Path);
        try
        {
            Directory.CreateDirectory(folder.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"--out {folder.Path}: the folder cannot be made ({exception.Message}); choose another place with --out.", exception);
        }

        OutputFiles.CheckFolder(folder.Path, $"--out {folder.Path}");
        return folder;
    }

    /// <summary>Takes the folder away again where it was made for a run that could not begin.</summary>
    public void Undo()
    {
        if (isNew && !Directory.EnumerateFileSystemEntries(Path).Any()) Directory.Delete(Path);
    }

    /// <summary>The folder of a run to go on with, given by itself or by the checkpoint in it.</summary>
    /// <exception cref="FileNotFoundException">There is no checkpoint.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static RunFolder Existing(string path, string option)
    {
        var folder = new RunFolder(Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        if (!File.Exists(folder.Checkpoint)) throw new FileNotFoundException($"{option} {path}: there is no {folder.Checkpoint}; give the folder that a training left behind.");
        OutputFiles.CheckFolder(folder.Path, $"{option} {path}");
        return folder;
    }

    private static string NextFree(string modelName)
    {
        var safe = string.Concat(modelName.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-'));
        if (safe.Length == 0 || safe.Trim('.').Length == 0) safe = "model";
        for (var number = 1; ; number++)
        {
            var path = System.IO.Path.Combine("runs", string.Create(CultureInfo.InvariantCulture, $"{safe}-{number}"));
            if (!Directory.Exists(path) && !File.Exists(path)) return path;
        }
    }
}
