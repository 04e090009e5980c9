using System.Numerics.Tensors;
using Tessera.Operators;

namespace Tessera.Bench.Contestants;

/// <summary>How this library takes part.</summary>
internal enum TesseraRole
{
    /// <summary>As a caller meets it.</summary>
    Subject,

    /// <summary>Beside itself: with a kernel packed before the clock starts, where packing changes anything.</summary>
    Packed,

    /// <summary>Beside itself: the ordinary convolution of a tiled or table operator's shape.</summary>
    Ordinary,

    /// <summary>Beside itself: asked for exactness, where that changes the algorithm.</summary>
    Exact,

    /// <summary>Beside itself: the ordinary convolution, asked for exactness.</summary>
    OrdinaryExact,
}

/// <summary>This library: a plan and its workspace made beforehand, tensors over plain arrays.</summary>
internal sealed class TesseraSystem(TesseraRole role) : ISystem
{
    /// <summary>The name of the one whose kernel is packed beforehand.</summary>
    public const string PackedName = "tessera-packed";

    public string Name => role switch
    {
        TesseraRole.Subject => "tessera",
        TesseraRole.Packed => PackedName,
        TesseraRole.Ordinary => "tessera-ordinary",
        TesseraRole.Exact => "tessera-exact",
        _ => "tessera-ordinary-exact",
    };

    public IContestant? Prepare(Workload workload)
    {
        if (workload is TrainingWorkload training) return role == TesseraRole.Subject ? new TesseraTraining(training) : null;
        if (workload is InferenceWorkload inference) return role == TesseraRole.Subject ? new TesseraInference(inference, inference.Subject.Parameters()) : null;
        if (workload is not ConvolutionWorkload convolution) return null;
        var ordinary = role is TesseraRole.Ordinary or TesseraRole.OrdinaryExact;
        if (ordinary)
        {
            if (convolution.Shape is { Tile: null, TableInputs: null }) return null;
            convolution = new ConvolutionWorkload(convolution.Shape.Ordinary, convolution.Operation, convolution.Threads);
        }

        var exact = role is TesseraRole.Exact or TesseraRole.OrdinaryExact;
        var contestant = new Contestant(convolution, comparable: !ordinary, exact, packs: role == TesseraRole.Packed);
        if (role == TesseraRole.Packed) return contestant.HasConstantKernel ? contestant : null;
        return exact && contestant.Algorithm == new Contestant(convolution, comparable: false, exact: false, packs: false).Algorithm ? null : contestant;
    }

    private sealed class Contestant : IContestant
    {
        private readonly ConvolutionWorkload workload;
        private readonly bool comparable;
        private readonly ConvolutionPlan<float> plan;
        private readonly Workspace<float> workspace;
        private readonly PackedKernel<float>? packed;
        private readonly float[] output;
        private readonly float[] kernelGradient;
        private readonly float[] inputGradient;
        private readonly nint[] inputLengths;
        private readonly nint[] kernelLengths;
        private readonly nint[] outputLengths;

        public Contestant(ConvolutionWorkload workload, bool comparable, bool exact, bool packs)
        {
            this.workload = workload;
            this.comparable = comparable;
            plan = workload.Shape.Describe().Plan<float>(workload.Shape.InputShape, new PlanOptions { Threads = workload.Threads, Exact = exact }, workload.Name);
            workspace = plan.CreateWorkspace();
            output = new float[plan.OutputShape.Product];
            kernelGradient = new float[plan.KernelShape.Product];
            inputGradient = new float[plan.InputShape.Product];
            inputLengths = plan.InputShape.ToLengths();
            kernelLengths = plan.KernelShape.ToLengths();
            outputLengths = plan.OutputShape.ToLengths();
            if (!packs || workload.Operation is not (Operation.Forward or Operation.InputGradient)) return;
            var use = workload.Operation == Operation.Forward ? KernelUse.Forward : KernelUse.InputGradient;
            if (plan.PackKernel(new ReadOnlyTensorSpan<float>(workload.Kernel, kernelLengths), use) is { IsOnlyCopied: false } kernel) packed = kernel;
        }

        public long? WorkspaceBytes => workspace.Bytes + (packed?.Bytes ?? 0);

        public bool HasConstantKernel => packed is not null;

        /// <summary>As the plan's words say it, without the workspace: <c>Forward: panels …; workspace …</c>; of forward and backward all three.</summary>
        public string Algorithm => string.Join('\n', plan.ToString().Split('\n')
            .Select(line => line.Trim().Split("; workspace")[0])
            .Where(line => workload.Operation == Operation.ForwardBackward || line.StartsWith($"{workload.Operation}: ", StringComparison.Ordinal)));

        public void Run()
        {
            var input = new ReadOnlyTensorSpan<float>(workload.Input, inputLengths);
            var kernel = new ReadOnlyTensorSpan<float>(workload.Kernel, kernelLengths);
            var gradient = new ReadOnlyTensorSpan<float>(workload.OutputGradient, outputLengths);
            if (packed is not null)
            {
                if (workload.Operation == Operation.Forward) packed.Forward(input, default, new TensorSpan<float>(output, outputLengths), workspace);
                else packed.InputGradient(gradient, new TensorSpan<float>(inputGradient, inputLengths), workspace);
                return;
            }

            if (workload.Operation is Operation.Forward or Operation.ForwardBackward)
            {
                plan.Forward(input, kernel, default, new TensorSpan<float>(output, outputLengths), workspace);
            }

            if (workload.Operation is Operation.KernelGradient or Operation.ForwardBackward)
            {
                plan.KernelGradient(input, gradient, new TensorSpan<float>(kernelGradient, kernelLengths), default, workspace);
            }

            if (workload.Operation is Operation.InputGradient or Operation.ForwardBackward)
            {
                plan.InputGradient(kernel, gradient, new TensorSpan<float>(inputGradient, inputLengths), workspace);
            }
        }

        public IReadOnlyList<float[]> Results() => !comparable ? [] : workload.Operation switch
        {
            Operation.Forward => [output],
            Operation.KernelGradient => [kernelGradient],
            Operation.InputGradient => [inputGradient],
            _ => [output, kernelGradient, inputGradient],
        };

        public void Dispose()
        {
        }
    }
}
