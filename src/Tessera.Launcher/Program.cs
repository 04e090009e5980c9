using System.Runtime.CompilerServices;
using Tessera.Launcher;

// Compiled natively this program is what images are put behind, and what unpacks them; run by .NET it is what puts them there. The native compiler knows that it
// makes no code at run time and leaves the second half out: what packs is larger than all the rest.
if (!RuntimeFeature.IsDynamicCodeSupported)
{
    var own = Environment.ProcessPath ?? throw new PlatformNotSupportedException("The system does not tell where this program is.");
    using var file = new FileStream(own, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
    if (!ImageBundle.TryRead(file, out var images))
    {
        Console.Error.WriteLine("tessera cannot start: no program stands behind its launcher. Make the file by src/Tessera.Launcher/publish.sh.");
        return 1;
    }

    var level = Processor.LevelWanted(Environment.GetEnvironmentVariable(Processor.Variable)) ?? Processor.Level();
    var image = images.Where(candidate => candidate.Level <= level).MaxBy(candidate => candidate.Level) ?? images.MinBy(candidate => candidate.Level)!;
    Console.Error.WriteLine(ImageProcess.Become(file.SafeFileHandle, image, [own, .. args]));
    return 1;
}

if (args.Length < 3 || !args.Skip(2).All(argument => argument.Contains('=', StringComparison.Ordinal)))
{
    Console.Error.WriteLine("usage: Tessera.Launcher OUTPUT LAUNCHER x86-64-v2=FILE [x86-64-v3=FILE] [x86-64-v4=FILE] [once=FILE ...]");
    Console.Error.WriteLine("OUTPUT becomes LAUNCHER, which is this program compiled natively, with the given ones behind it; what stands in them word for word as in a file named 'once' is kept once.");
    return 2;
}

var parts = args.Skip(2).Select(argument => argument.Split('=', 2)).ToList();
using var output = new FileStream(args[0], FileMode.Create, FileAccess.Write);
output.Write(File.ReadAllBytes(args[1]));
ImageBundle.Write(
    output,
    [.. parts.Where(part => part[0] != "once").Select(part => (Processor.LevelWanted(part[0]) ?? throw new ArgumentException($"{part[0]}: no level of processors."), File.ReadAllBytes(part[1])))],
    [.. parts.Where(part => part[0] == "once").Select(part => File.ReadAllBytes(part[1]))]);
if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(args[0], File.GetUnixFileMode(args[1]));
return 0;
