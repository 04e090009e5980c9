using Tessera.Kernels;
using Tessera.Operators;

namespace Tessera.Execution;

/// <summary>How a network is executed. The results' bits do not depend on the number of threads.</summary>
public sealed record ExecutionOptions
{
    /// <summary>Inference on all threads.</summary>
    public static ExecutionOptions Inference { get; } = new();

    /// <summary>Whether to train: dropout and batch statistics are on, and the backward pass can run.</summary>
    public bool Training { get; init; }

    /// <summary>The most threads to use, the caller's among them; 0 for as many as there are processors.</summary>
    public int Threads { get; init; }

    /// <summary>The vector instructions that kernels may use.</summary>
    public InstructionSet Instructions { get; init; }

    /// <summary>Whether every sum of a convolution is taken term by term: see <see cref="PlanOptions.Exact"/>.</summary>
    public bool Exact { get; init; }

    /// <summary>Whether convolutions run the slow reference kernels.</summary>
    public bool UseReference { get; init; }

    /// <summary>The seed of dropout.</summary>
    public long Seed { get; init; }

    /// <summary>Whether every activation (and, in training, every gradient) has memory of its own and can be looked at after a pass.</summary>
    public bool KeepActivations { get; init; }

    /// <summary>Whether the backward pass also computes the gradient for the network's input.</summary>
    public bool InputGradient { get; init; }

    /// <summary>Whether nothing but the forward pass will ever be run.</summary>
    internal bool ForwardAlone { get; init; }

    /// <summary>The same for the plan of one operator.</summary>
    internal PlanOptions ToPlanOptions() => new() { Threads = Threads, Instructions = Instructions, Exact = Exact, UseReference = UseReference };

    /// <summary>The same for a layer whose forward pass is this operation of its plan.</summary>
    internal PlanOptions ToPlanOptions(Operation forward) => ToPlanOptions() with { Only = ForwardAlone ? forward : null };
}
