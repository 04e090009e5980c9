using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// A dense layer as matrix products. Not through the convolution's path: with a single position per example that would
/// have nothing to vectorise along, and these three products have long contiguous rows as they are.
/// Letters: batch n, input c, output m.
/// </summary>
internal sealed unsafe class DenseExecution<T> : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int KernelGradientStage = 1;
    private const int InputGradientStage = 2;

    private readonly int batch;
    private readonly int features;
    private readonly int outputs;
    private readonly bool hasBias;

    public DenseExecution(int batch, int features, int outputs, bool hasBias)
    {
        this.batch = batch;
        this.features = features;
        this.outputs = outputs;
        this.hasBias = hasBias;
    }

    public override bool BackwardReadsInputs => true;

    public override void Forward() => Run(ForwardStage, MatrixProduct.RowProductJobs(batch, outputs));

    public override void Backward()
    {
        Run(KernelGradientStage, MatrixProduct.SumOfProductsJobs(outputs, features));
        if (Memory.InputGradients[0] != null) Run(InputGradientStage, MatrixProduct.SumOfProductsJobs(batch, features));
    }

    protected override void Execute(int stage, int job)
    {
        switch (stage)
        {
            case ForwardStage:
                // Z[n, m] = b[m] + Σ_c V[n, c] K[m, c]
                MatrixProduct.RowProducts(job, Memory.Inputs[0], Memory.Parameters[0], hasBias ? Memory.Parameters[1] : null, Memory.Output, batch, outputs, features);
                break;
            case KernelGradientStage:
                // dK[m, c] = Σ_n G[n, m] V[n, c]
                MatrixProduct.SumOfProducts(job, Memory.OutputGradient, 1, outputs, Memory.Inputs[0], Memory.ParameterGradients[0], outputs, features, batch, false);
                if (hasBias && job == 0) BiasGradient();
                break;
            default:
                // dV[n, c] = Σ_m G[n, m] K[m, c]
                MatrixProduct.SumOfProducts(job, Memory.OutputGradient, outputs, 1, Memory.Parameters[0], Memory.InputGradients[0], batch, features, outputs, Memory.Accumulate[0]);
                break;
        }
    }

    private void BiasGradient()
    {
        var db = new Span<T>(Memory.ParameterGradients[1], outputs);
        db.Clear();
        for (var n = 0; n < batch; n++)
        {
            TensorPrimitives.Add(db, new ReadOnlySpan<T>(Memory.OutputGradient + ((long)n * outputs), outputs), db);
        }
    }
}
