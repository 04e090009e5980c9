using Tessera;
using Tessera.Fuzz;

// Fuzzes one reader under afl-fuzz; or replays files, tries mutations without afl-fuzz, or writes the seeds.
var readers = CoreReaders.All.Concat(OnnxReaders.All).Concat(ImagingReaders.All).ToDictionary(static reader => reader.Name, StringComparer.Ordinal);
switch (args)
{
    case ["fuzz", var name] when readers.TryGetValue(name, out var reader):
        SharpFuzz.Fuzzer.Run(stream =>
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            reader.Check(memory.ToArray());
        });
        return 0;
    case ["replay", var name, .. var files] when readers.TryGetValue(name, out var reader):
        return Replay(reader, files);
    case ["mutate", var name, var folder, var count, var seed] when readers.TryGetValue(name, out var reader):
        return Mutate(reader, folder, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture), long.Parse(seed, System.Globalization.CultureInfo.InvariantCulture));
    case ["seeds", var folder, .. var models]:
        Seeds.Write(folder, models);
        return 0;
    default:
        Console.Error.WriteLine($"""
            fuzz READER                       under afl-fuzz (see run.sh)
            replay READER FILE …              what the reader makes of each file
            mutate READER FOLDER COUNT SEED   mutations of a folder's files, without afl-fuzz
            seeds FOLDER MODEL …              writes the seeds; models are folders of ONNX's node tests
            readers: {string.Join(", ", readers.Keys)}
            """);
        return 1;
}

static int Replay(HostileReader reader, string[] files)
{
    var failures = 0;
    foreach (var file in files)
    {
        var bytes = File.ReadAllBytes(file);
        try
        {
            var (isAccepted, refusal, allocated) = reader.Check(bytes);
            Console.WriteLine($"{file}: {bytes.Length} bytes, {allocated} bytes allocated, {(isAccepted ? "accepted" : $"refused: {refusal}")}");
        }
        catch (InvalidOperationException exception)
        {
            failures++;
            Console.WriteLine($"{file}: {bytes.Length} bytes, WRONG: {exception}");
        }
    }

    return failures == 0 ? 0 : 1;
}

static int Mutate(HostileReader reader, string folder, int count, long seed)
{
    var seeds = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToArray();
    var seen = new HashSet<string>();
    int accepted = 0, failures = 0;
    var (most, slowest) = (0L, 0L);
    for (var index = 0; index < count; index++)
    {
        var random = new RandomSource(seed, index);
        var bytes = reader.Name.StartsWith("onnx", StringComparison.Ordinal) && random.NextInt(4) > 0 ? MessageMutation.Of(seeds, random.NextInt(seeds.Length), ref random) : Mutation.Of(seeds, random.NextInt(seeds.Length), ref random);
        // What hangs or ends the process is found here.
        File.WriteAllBytes(Path.Combine(Path.GetTempPath(), $"current-{reader.Name}"), bytes);
        var start = Environment.CpuUsage.TotalTime;
        try
        {
            var (isAccepted, _, allocated) = reader.Check(bytes);
            if (isAccepted) accepted++;
            most = Math.Max(most, allocated);
        }
        catch (InvalidOperationException exception)
        {
            failures++;
            var trace = (exception.InnerException ?? exception).StackTrace?.Split('\n') ?? [];
            var place = exception.InnerException is null ? "allocation" : string.Join("|", trace.Where(static line => line.Contains("Tessera", StringComparison.Ordinal)).Take(2));
            if (seen.Add(place))
            {
                var file = Path.Combine(Path.GetTempPath(), $"wrong-{reader.Name}-{seed}-{index}");
                File.WriteAllBytes(file, bytes);
                Console.WriteLine($"{file}: {exception}");
            }
        }

        var milliseconds = (long)(Environment.CpuUsage.TotalTime - start).TotalMilliseconds;
        if (milliseconds > 1000)
        {
            File.WriteAllBytes(Path.Combine(Path.GetTempPath(), $"slow-{reader.Name}-{seed}-{index}"), bytes);
            Console.WriteLine($"slow-{reader.Name}-{seed}-{index}: {milliseconds} ms of processor time");
        }

        slowest = Math.Max(slowest, milliseconds);
    }

    Console.WriteLine($"{reader.Name}: {count} mutations, {accepted} accepted, {failures} wrong in {seen.Count} places; at most {most} bytes allocated, {slowest} ms of processor time");
    return failures == 0 ? 0 : 1;
}
