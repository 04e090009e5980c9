using CsCheck;

namespace Tessera.Tests.Operators;

/// <summary>How the operators' properties are tried.</summary>
internal static class Property
{
    private const int ShrinkingIterations = 4000;

    /// <summary>Tries a property on <paramref name="iterations"/> samples. CsCheck shrinks by drawing again, so one that fails is drawn far more often, and the smallest failure is told.</summary>
    public static void Holds<TSample>(this Gen<TSample> samples, Action<TSample> property, int iterations)
    {
        try
        {
            samples.Sample(property, iter: iterations, threads: 1);
        }
        catch (CsCheckException)
        {
            samples.Sample(property, iter: ShrinkingIterations, threads: 1);
            throw;
        }
    }
}
