namespace Tessera.Bench;

/// <summary>The shapes and networks that are measured, by suite.</summary>
internal static class Workloads
{
    /// <summary>All operators, suite by suite.</summary>
    public static IReadOnlyList<Shape> Shapes { get; } = [.. DenseShapes(), .. ChannelShapes(), .. UnsharedShapes(), .. TiledShapes()];

    /// <summary>Everything that can be timed, suite by suite.</summary>
    public static IEnumerable<Workload> All(int threads)
    {
        foreach (var shape in Shapes)
        {
            foreach (var operation in Enum.GetValues<Operation>().Where(operation => operation != Operation.Step))
            {
                yield return new ConvolutionWorkload(shape, operation, threads);
            }
        }

        foreach (var network in TrainingWorkload.Networks) yield return network with { Threads = threads };
        foreach (var network in InferenceWorkload.All(threads)) yield return network;
    }

    private static IEnumerable<Shape> DenseShapes() =>
    [
        new(SuiteNames.Dense, "conv1", 1, 3, [224, 224], 64, [7, 7]) { Stride = [2, 2], Padding = [3, 3] },
        new(SuiteNames.Dense, "res2", 1, 64, [56, 56], 64, [3, 3]) { Padding = [1, 1] },
        new(SuiteNames.Dense, "res3", 1, 128, [28, 28], 128, [3, 3]) { Padding = [1, 1] },
        new(SuiteNames.Dense, "res4", 1, 256, [14, 14], 256, [3, 3]) { Padding = [1, 1] },
        new(SuiteNames.Dense, "res5", 1, 512, [7, 7], 512, [3, 3]) { Padding = [1, 1] },
        new(SuiteNames.Dense, "reduce", 1, 256, [56, 56], 64, [1, 1]),
        new(SuiteNames.Dense, "expand", 1, 64, [56, 56], 256, [1, 1]),
        new(SuiteNames.Dense, "down", 1, 128, [56, 56], 128, [3, 3]) { Stride = [2, 2], Padding = [1, 1] },
        new(SuiteNames.Dense, "mnist5", 64, 32, [14, 14], 64, [5, 5]) { Padding = [2, 2] },
        new(SuiteNames.Dense, "batch64", 16, 64, [56, 56], 64, [3, 3]) { Padding = [1, 1] },
        new(SuiteNames.Dense, "batch256", 16, 256, [14, 14], 256, [3, 3]) { Padding = [1, 1] },
        new(SuiteNames.Dense, "volume", 2, 16, [16, 32, 32], 32, [3, 3, 3]) { Padding = [1, 1, 1] },
        new(SuiteNames.Dense, "signal", 16, 64, [4096], 64, [9]) { Padding = [4] },
        new(SuiteNames.Dense, "dilated", 4, 64, [56, 56], 64, [3, 3]) { Padding = [4, 4], Dilation = [4, 4] },
        new(SuiteNames.Dense, "full", 4, 32, [28, 28], 32, [6, 6]) { Padding = [5, 5] },
    ];

    private static IEnumerable<Shape> ChannelShapes() =>
    [
        new(SuiteNames.Channels, "depthwise", 1, 144, [56, 56], 144, [3, 3]) { Padding = [1, 1], Groups = 144 },
        new(SuiteNames.Channels, "grouped", 8, 256, [14, 14], 256, [3, 3]) { Padding = [1, 1], Groups = 32 },
        .. new[] { ("half", 32), ("quarter", 16), ("eighth", 8) }.Select(table =>
            new Shape(SuiteNames.Channels, $"table-{table.Item1}", 8, 64, [28, 28], 64, [3, 3]) { Padding = [1, 1], TableInputs = table.Item2 }),
    ];

    private static IEnumerable<Shape> LocalShapes(string suite) =>
    [
        new(suite, "local64", 64, 16, [28, 28], 32, [3, 3]) { Padding = [1, 1] },
        new(suite, "local1", 1, 32, [28, 28], 64, [3, 3]) { Padding = [1, 1] },
        new(suite, "local32", 32, 32, [14, 14], 32, [5, 5]) { Padding = [2, 2] },
    ];

    private static IEnumerable<Shape> UnsharedShapes() => LocalShapes(SuiteNames.Unshared).Select(shape => shape with { Unshared = true });

    private static IEnumerable<Shape> TiledShapes() =>
        from tile in new[] { 2, 4 }
        from shape in LocalShapes(SuiteNames.Tiled)
        select shape with { Name = $"{shape.Name}-tile{tile}", Tile = [tile, tile] };
}
