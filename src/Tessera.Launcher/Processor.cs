using System.Runtime.Intrinsics.X86;

namespace Tessera.Launcher;

/// <summary>
/// Which of the levels of x86-64 (System V ABI, processor supplement, "Micro-Architecture Levels") this processor reaches: 2 for any, 3 with AVX2
/// and fused multiply-add, 4 with AVX-512. What the processor says counts only where the system, which must save the registers, says so too.
/// </summary>
internal static class Processor
{
    /// <summary>The environment variable that asks for a lower level, to measure or to test.</summary>
    public const string Variable = "TESSERA_PROCESSOR";

    private const string Prefix = "x86-64-v";
    private const int MostFlagsBytes = 8192;

    /// <summary>The level that a name such as x86-64-v3 stands for; null for any other text.</summary>
    public static int? LevelWanted(string? name) =>
        name is { Length: 9 } && name.StartsWith(Prefix, StringComparison.Ordinal) && name[8] is >= '2' and <= '4' ? name[8] - '0' : null;

    /// <summary>The level of this processor.</summary>
    public static int Level()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7) return 2;
        var (_, _, basic, _) = X86Base.CpuId(1, 0);
        var (_, extended, _, _) = X86Base.CpuId(7, 0);
        var flags = SystemFlags();
        // FMA, MOVBE, OSXSAVE, AVX and F16C; BMI1, AVX2 and BMI2.
        const int basicOf3 = (1 << 12) | (1 << 22) | (1 << 27) | (1 << 28) | (1 << 29);
        const int extendedOf3 = (1 << 3) | (1 << 5) | (1 << 8);
        if ((basic & basicOf3) != basicOf3 || (extended & extendedOf3) != extendedOf3 || !Has(flags, "avx2") || !Has(flags, "fma")) return 2;

        // AVX-512 F, DQ, CD, BW and VL.
        const int extendedOf4 = (1 << 16) | (1 << 17) | (1 << 28) | (1 << 30) | (1 << 31);
        return (extended & extendedOf4) == extendedOf4 && Has(flags, "avx512f") && Has(flags, "avx512vl") ? 4 : 3;
    }

    private static bool Has(string flags, string flag) => flags.Length == 0 || flags.Contains($" {flag} ", StringComparison.Ordinal);

    /// <summary>What the system lets programs use, of the first processor; empty where it does not say.</summary>
    private static string SystemFlags()
    {
        try
        {
            using var file = new FileStream("/proc/cpuinfo", FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            var bytes = new byte[MostFlagsBytes];
            var text = System.Text.Encoding.ASCII.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
            var start = text.IndexOf("\nflags", StringComparison.Ordinal);
            return start < 0 ? "" : text[(start + 1)..].Split('\n')[0].Replace('\t', ' ') + " ";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
