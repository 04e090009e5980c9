using System.Numerics;
using CsCheck;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;

namespace Tessera.Tests.Reconstruction;

/// <summary>Sparse coding of a random operator, with random samples and a random dictionary.</summary>
internal sealed record SparseExample(RandomOperator Operator, SparseCodingDescription Description)
{
    /// <summary>Any operator with any way of inference.</summary>
    public static Gen<SparseExample> Any { get; } =
        from random in RandomOperator.Any
        from inference in Gen.Int[0, 2]
        from nonNegative in Gen.Bool
        from sparsity in Gen.Int[1, 20]
        select new SparseExample(random, new()
        {
            InputShape = random.InputShape.From(1),
            Operator = random.Description,
            Inference = (SparseInference)inference,
            NonNegative = nonNegative,
            Sparsity = sparsity / 20.0,
            Iterations = 25,
        });

    public int Batch => Operator.InputShape[0];

    public SparseCoder<T> Coder<T>(int threads = 1)
        where T : unmanaged, IFloatingPointIeee754<T> => new(Description, Batch, new SparseCodingTraining { Seed = Operator.Seed }, new PlanOptions { Threads = threads });

    public T[] Samples<T>()
        where T : unmanaged, IFloatingPointIeee754<T> => Operator.RandomValues<T>(Operator.InputShape.Product, 1);
}
