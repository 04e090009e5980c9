using System.IO.Compression;
using Xunit;

namespace Tessera.Onnx.Tests.Conformance;

/// <summary>
/// ONNX's own test cases. Those that lie beside this file (SOURCE.md says where from) run always; where TESSERA_ONNX_CASES names the folder of all of them,
/// all are run, and those that are not read must be the ones that not-claimed.txt lists with their reasons.
/// </summary>
public class ConformanceTests
{
    private static readonly string Here = Path.Combine(AppContext.BaseDirectory, "Conformance");

    [Fact]
    public void Every_case_kept_here_gives_what_it_must()
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Here, "cases.zip"));
        var files = archive.Entries.ToDictionary(static entry => entry.FullName, static entry => entry, StringComparer.Ordinal);
        var cases = files.Keys.Where(static name => name.EndsWith("/model.onnx", StringComparison.Ordinal)).Select(static name => name[..^"/model.onnx".Length]).Order(StringComparer.Ordinal).ToArray();
        Assert.True(cases.Length > 500, $"{cases.Length} cases");
        Assert.All(cases, name => Assert.Null(Case(name, path => files.TryGetValue(path, out var entry) ? Bytes(entry) : null).Run()));
    }

    [Fact]
    public void Every_case_is_read_or_listed_with_its_reason()
    {
        var folder = Environment.GetEnvironmentVariable("TESSERA_ONNX_CASES");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "TESSERA_ONNX_CASES does not name the folder of ONNX's test cases.");
        List<string> refused = [], wrong = [];
        foreach (var path in Directory.GetFiles(folder!, "model.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(folder!, Path.GetDirectoryName(path)!).Replace('\\', '/');
            try
            {
                if (Case(name, file => File.Exists(Path.Combine(folder!, file)) ? File.ReadAllBytes(Path.Combine(folder!, file)) : null).Run() is { } reason) refused.Add($"{name}\t{reason}");
            }
            catch (Exception exception)
            {
                wrong.Add(exception.Message);
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        var list = Path.Combine(Here, "not-claimed.txt");
        var actual = string.Join('\n', refused) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1") File.WriteAllText(list, actual);
        Assert.Equal(File.ReadAllText(list), actual);
    }

    private static ConformanceCase Case(string name, Func<string, byte[]?> file)
    {
        return new ConformanceCase(name, file($"{name}/model.onnx"), [.. Tensors("input")], [.. Tensors("output")]);

        IEnumerable<ReadOnlyMemory<byte>> Tensors(string kind)
        {
            for (var index = 0; file($"{name}/test_data_set_0/{kind}_{index}.pb") is { } bytes; index++) yield return bytes;
        }
    }

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
