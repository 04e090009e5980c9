using Tessera.Fuzz;
using Xunit;

namespace Tessera.Tests.Hostile;

/// <summary>What fuzzing kept, and a few hundred mutations of it, drawn alike in every run.</summary>
public class HostileFilesTests
{
    public static TheoryData<string> Readers => [.. CoreReaders.All.Select(static reader => reader.Name)];

    [Theory]
    [MemberData(nameof(Readers))]
    public void Damaged_files_end_in_the_documented_error_and_little_memory(string name) =>
        Corpus.Check(CoreReaders.All.Single(reader => reader.Name == name), 300, static (files, which, random) => Mutation.Of(files, which, ref random));
}
