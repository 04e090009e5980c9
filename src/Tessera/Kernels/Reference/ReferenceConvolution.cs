using Tessera.Connections;

namespace Tessera.Kernels.Reference;

/// <summary>
/// The chapter's equations, word for word: every sum in double, in the order of the output position, the input
/// channel and the kernel offset. Slow, and the truth that every other kernel is held against.
/// </summary>
internal static class ReferenceConvolution
{
    /// <summary>Z[n, m, p] += Σ_c Σ_q V[n, c, x(p, q)] · K[p mod t, m, c, q]; equations 9.8 to 9.10.</summary>
    public static void Forward(OperatorGeometry g, int batch, ReadOnlySpan<double> v, ReadOnlySpan<double> k, Span<double> z)
    {
        foreach (var at in Places(g, batch)) z[at.Z] += v[at.V] * k[at.K];
    }

    /// <summary>dK[τ, m, c, q] += Σ_n Σ_p G[n, m, p] · V[n, c, x(p, q)] over the p with p mod t = τ; equation 9.11.</summary>
    public static void KernelGradient(OperatorGeometry g, int batch, ReadOnlySpan<double> v, ReadOnlySpan<double> gradient, Span<double> dk)
    {
        foreach (var at in Places(g, batch)) dk[at.K] += gradient[at.Z] * v[at.V];
    }

    /// <summary>dV[n, c, x] += Σ_m Σ_{p, q: x(p, q) = x} K[p mod t, m, c, q] · G[n, m, p]; equations 9.12 and 9.13.</summary>
    public static void InputGradient(OperatorGeometry g, int batch, ReadOnlySpan<double> k, ReadOnlySpan<double> gradient, Span<double> dv)
    {
        foreach (var at in Places(g, batch)) dv[at.V] += k[at.K] * gradient[at.Z];
    }

    /// <summary>Every multiply-add of the operator: where it reads V, where K, and to which Z it belongs.</summary>
    private static IEnumerable<(int V, int K, int Z)> Places(OperatorGeometry g, int batch)
    {
        int inputs = (int)g.InputSize.Product, outputs = (int)g.OutputSize.Product, volume = (int)g.KernelSize.Product;
        var meetings = Meeting.All(g).ToArray();
        for (var n = 0; n < batch; n++)
        {
            for (var m = 0; m < g.OutputChannels; m++)
            {
                for (var i = 0; i < g.FanIn(m); i++)
                {
                    var v = ((n * g.InputChannels) + g.InputChannel(m, i)) * inputs;
                    var z = ((n * g.OutputChannels) + m) * outputs;
                    var pair = g.FirstPair(m) + i;
                    foreach (var at in meetings)
                    {
                        yield return (v + at.Input, (((at.Tile * g.PairCount) + pair) * volume) + at.Kernel, z + at.Output);
                    }
                }
            }
        }
    }
}
