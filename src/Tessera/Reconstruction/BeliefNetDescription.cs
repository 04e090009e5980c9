namespace Tessera.Reconstruction;

/// <summary>
/// A deep belief net as a stack of restricted Boltzmann machines trained greedily (Hinton, Osindero and Teh 2006; convolutional: Lee et al. 2009): the first sees the
/// images, each other one what the machine below it gives, pooled where that one pools. Immutable, and equal to another that says the same.
/// </summary>
public sealed class BeliefNetDescription : IEquatable<BeliefNetDescription>
{
    private readonly RbmDescription[] machines;
    private readonly Sizes[] shapes;

    /// <summary>Names the machines that have no name rbm1, rbm2 …, and checks that each fits the one below it.</summary>
    /// <param name="name">The net's name.</param>
    /// <param name="inputShape">The shape of one image, [C, i…].</param>
    /// <param name="machines">The machines, the lowest first.</param>
    /// <exception cref="ArgumentException">There is none, a name stands twice, or a machine does not fit what it sees; the message names it, the sizes and a way out.</exception>
    public BeliefNetDescription(string name, Sizes inputShape, IReadOnlyList<RbmDescription> machines)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(machines);
        (Name, InputShape) = (name, inputShape);
        var title = name.Length > 0 ? name : "belief net";
        if (machines.Count == 0) throw new ArgumentException($"{title}: it has no machines; give at least one.", nameof(machines));
        this.machines = [.. machines.Select((machine, index) => machine.Name.Length > 0 ? machine : machine with { Name = FormattableString.Invariant($"rbm{index + 1}") })];
        if (this.machines.GroupBy(static machine => machine.Name, StringComparer.Ordinal).FirstOrDefault(static group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"{title}: the name '{twice.Key}' stands twice; give each machine its own.", nameof(machines));
        }

        shapes = new Sizes[machines.Count + 1];
        shapes[0] = inputShape;
        for (var s = 0; s < this.machines.Length; s++)
        {
            if (s > 0) CheckUnits(this.machines[s - 1], this.machines[s]);
            shapes[s + 1] = this.machines[s].CodeShape(shapes[s]);
        }
    }

    /// <summary>The net's name.</summary>
    public string Name { get; }

    /// <summary>The shape of one image, [C, i…].</summary>
    public Sizes InputShape { get; }

    /// <summary>The machines, the lowest first, each with its name.</summary>
    public IReadOnlyList<RbmDescription> Machines => machines;

    /// <summary>The shape of one code: what the highest machine gives.</summary>
    public Sizes CodeShape => shapes[^1];

    /// <summary>The shape of one example as a machine sees it.</summary>
    /// <param name="machine">The machine, from 0.</param>
    public Sizes VisibleShape(int machine) => shapes[..machines.Length][machine];

    /// <inheritdoc/>
    public bool Equals(BeliefNetDescription? other) =>
        other is not null && Name == other.Name && InputShape == other.InputShape && machines.AsSpan().SequenceEqual(other.machines);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as BeliefNetDescription);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Name, StringComparer.Ordinal);
        hash.Add(InputShape);
        foreach (var machine in machines) hash.Add(machine);
        return hash.ToHashCode();
    }

    private static void CheckUnits(RbmDescription below, RbmDescription machine)
    {
        if (below.Hidden == HiddenUnits.Binary && machine.Visible != VisibleUnits.Binary)
        {
            throw new ArgumentException($"{machine.Label}: Gaussian visible units over {below.Label}, whose hidden units give probabilities; use binary visible units.");
        }

        if (below.Hidden == HiddenUnits.Rectified && machine.Visible != VisibleUnits.Gaussian)
        {
            throw new ArgumentException($"{machine.Label}: binary visible units over {below.Label}, whose rectified hidden units give numbers above 1 too; use Gaussian visible units, or binary hidden units below.");
        }
    }
}
