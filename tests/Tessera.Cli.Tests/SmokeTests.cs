namespace Tessera.Cli.Tests;

public class SmokeTests
{
    [Xunit.Fact]
    public void The_assembly_loads() => Xunit.Assert.Equal(2, Sizes.Create([1, 2]).Count);
}
