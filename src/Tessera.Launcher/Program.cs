using Tessera.Launcher;

// With images behind it this file is the tool; without, it is what puts them there.
var own = Environment.ProcessPath ?? throw new PlatformNotSupportedException("The system does not tell where this program is.");
using var file = new FileStream(own, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
if (ImageBundle.TryRead(file, out var images))
{
    var level = Processor.LevelWanted(Environment.GetEnvironmentVariable(Processor.Variable)) ?? Processor.Level();
    var image = images.Where(candidate => candidate.Level <= level).MaxBy(candidate => candidate.Level) ?? images.MinBy(candidate => candidate.Level)!;
    Console.Error.WriteLine(ImageProcess.Become(file.SafeFileHandle, image, [own, .. args]));
    return 1;
}

if (args.Length < 2 || !args.Skip(1).All(argument => argument.Contains('=', StringComparison.Ordinal)))
{
    Console.Error.WriteLine("usage: Tessera.Launcher OUTPUT x86-64-v2=FILE [x86-64-v3=FILE] [x86-64-v4=FILE] [once=FILE ...]");
    Console.Error.WriteLine("OUTPUT becomes this program with the given ones behind it; what stands in them word for word as in a file named 'once' is kept once.");
    return 2;
}

var parts = args.Skip(1).Select(argument => argument.Split('=', 2)).ToList();
using var output = new FileStream(args[0], FileMode.Create, FileAccess.Write);
file.CopyTo(output);
ImageBundle.Write(
    output,
    [.. parts.Where(part => part[0] != "once").Select(part => (Processor.LevelWanted(part[0]) ?? throw new ArgumentException($"{part[0]}: no level of processors."), File.ReadAllBytes(part[1])))],
    [.. parts.Where(part => part[0] == "once").Select(part => File.ReadAllBytes(part[1]))]);
if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(args[0], File.GetUnixFileMode(own));
return 0;
