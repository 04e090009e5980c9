using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;

namespace Tessera.Tests.Reconstruction;

/// <summary>Random machines for property tests, over random operators.</summary>
internal static class RandomRbm
{
    /// <summary>Machines of every operator, unit and pooling, with the shape of their images.</summary>
    public static Gen<(RbmDescription Description, Sizes VisibleShape, int Seed)> Any { get; } =
        from sample in RandomOperator.Any
        from gaussian in Gen.Bool
        from kind in Gen.Int[0, 3]
        from block in Gen.Int[1, 3].Array[4]
        select (Of(sample, gaussian, kind, block), sample.InputShape.From(1), sample.Seed);

    /// <summary>Machines like those, with so few units that hidden states can be counted.</summary>
    public static Gen<(RbmDescription Description, Sizes VisibleShape, int Seed)> Small { get; } =
        from machine in Any
        where machine.Description.Hidden == HiddenUnits.Binary
        let small = SmallMachine.Of(machine.Description, machine.VisibleShape)
        where small.Description.HiddenShape(small.VisibleShape).Product <= 10
        select (small.Description, small.VisibleShape, machine.Seed);

    /// <summary>A machine with parameters that matter, all different.</summary>
    public static Rbm<T> Make<T>(RbmDescription description, Sizes visibleShape, int batch, int seed, double size = 0.7)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        var machine = new Rbm<T>(description, visibleShape, batch, seed, new PlanOptions { Threads = 1 });
        var random = new RandomSource(seed, 1);
        foreach (var values in new[] { machine.KernelValues, machine.HiddenBiasValues, machine.VisibleBiasValues })
        {
            foreach (ref var value in values.AsSpan()) value = T.CreateChecked(size * random.NextNormal());
        }

        return machine;
    }

    /// <summary>Images that a machine may see.</summary>
    public static T[] Images<T>(Rbm<T> machine, int seed)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        var images = new T[machine.VisibleElements];
        machine.Noise(images, seed);
        return images;
    }

    private static RbmDescription Of(RandomOperator sample, bool gaussian, int kind, int[] block)
    {
        var description = new RbmDescription
        {
            Operator = sample.Description,
            Visible = gaussian ? VisibleUnits.Gaussian : VisibleUnits.Binary,
            Hidden = kind == 0 ? HiddenUnits.Rectified : HiddenUnits.Binary,
        };
        var hidden = description.HiddenShape(sample.InputShape.From(1));
        return kind < 2 ? description : description with { Pooling = [.. Enumerable.Range(1, hidden.Count - 1).Select(axis => Math.Min(block[axis - 1], hidden[axis]))] };
    }
}
