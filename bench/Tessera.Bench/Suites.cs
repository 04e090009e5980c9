namespace Tessera.Bench;

/// <summary>The shapes that speed is measured on, by suite.</summary>
internal static class Suites
{
    public const string Dense = "dense";
    public const string Channels = "channels";
    public const string Unshared = "unshared";
    public const string Tiled = "tiled";
    public const string Train = "train";

    public static IReadOnlyList<string> Names { get; } = [Dense, Channels, Unshared, Tiled, Train];

    private static IReadOnlyList<Shape> Shapes { get; } = [.. DenseShapes(), .. ChannelShapes(), .. UnsharedShapes(), .. TiledShapes()];

    /// <summary>Everything that can be timed, suite by suite.</summary>
    public static IEnumerable<Workload> Workloads(int threads)
    {
        foreach (var shape in Shapes)
        {
            foreach (var operation in Enum.GetValues<Operation>().Where(operation => operation != Operation.TrainingStep))
            {
                yield return new ConvolutionWorkload(shape, operation, threads);
            }
        }

        foreach (var network in TrainingWorkload.Networks) yield return network with { Threads = threads };
    }

    private static IEnumerable<Shape> DenseShapes() =>
    [
        new(Dense, "conv1", 1, 3, [224, 224], 64, [7, 7]) { Stride = [2, 2], Padding = [3, 3] },
        new(Dense, "res2", 1, 64, [56, 56], 64, [3, 3]) { Padding = [1, 1] },
        new(Dense, "res3", 1, 128, [28, 28], 128, [3, 3]) { Padding = [1, 1] },
        new(Dense, "res4", 1, 256, [14, 14], 256, [3, 3]) { Padding = [1, 1] },
        new(Dense, "res5", 1, 512, [7, 7], 512, [3, 3]) { Padding = [1, 1] },
        new(Dense, "reduce", 1, 256, [56, 56], 64, [1, 1]),
        new(Dense, "expand", 1, 64, [56, 56], 256, [1, 1]),
        new(Dense, "down", 1, 128, [56, 56], 128, [3, 3]) { Stride = [2, 2], Padding = [1, 1] },
        new(Dense, "mnist5", 64, 32, [14, 14], 64, [5, 5]) { Padding = [2, 2] },
        new(Dense, "batch64", 16, 64, [56, 56], 64, [3, 3]) { Padding = [1, 1] },
        new(Dense, "batch256", 16, 256, [14, 14], 256, [3, 3]) { Padding = [1, 1] },
        new(Dense, "volume", 2, 16, [16, 32, 32], 32, [3, 3, 3]) { Padding = [1, 1, 1] },
        new(Dense, "signal", 16, 64, [4096], 64, [9]) { Padding = [4] },
        new(Dense, "dilated", 4, 64, [56, 56], 64, [3, 3]) { Padding = [4, 4], Dilation = [4, 4] },
        new(Dense, "full", 4, 32, [28, 28], 32, [6, 6]) { Padding = [5, 5] },
    ];

    private static IEnumerable<Shape> ChannelShapes() =>
    [
        new(Channels, "depthwise", 1, 144, [56, 56], 144, [3, 3]) { Padding = [1, 1], Groups = 144 },
        new(Channels, "grouped", 8, 256, [14, 14], 256, [3, 3]) { Padding = [1, 1], Groups = 32 },
        new(Channels, "table-half", 8, 64, [28, 28], 64, [3, 3]) { Padding = [1, 1], HalfTable = true },
    ];

    private static IEnumerable<Shape> LocalShapes(string suite) =>
    [
        new(suite, "local64", 64, 16, [28, 28], 32, [3, 3]) { Padding = [1, 1] },
        new(suite, "local1", 1, 32, [28, 28], 64, [3, 3]) { Padding = [1, 1] },
        new(suite, "local32", 32, 32, [14, 14], 32, [5, 5]) { Padding = [2, 2] },
    ];

    private static IEnumerable<Shape> UnsharedShapes() => LocalShapes(Unshared).Select(shape => shape with { Unshared = true });

    private static IEnumerable<Shape> TiledShapes() =>
        from tile in new[] { 2, 4 }
        from shape in LocalShapes(Tiled)
        select shape with { Name = $"{shape.Name}-tile{tile}", Tile = [tile, tile] };
}
