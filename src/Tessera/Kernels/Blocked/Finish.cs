namespace Tessera.Kernels.Blocked;

/// <summary>A function of each element, done in place on a piece of a tensor that is still in the cache.</summary>
internal interface IElementwise<T>
    where T : unmanaged
{
    /// <summary>Whether it is max(x, 0), perhaps with a bound above, which kernels do in registers.</summary>
    bool IsRectifier { get; }

    /// <summary>The bound above of a rectifier that has one.</summary>
    T? Bound { get; }

    void Apply(Span<T> values);
}

/// <summary>The functions that a layer's results go through, one after another.</summary>
internal sealed unsafe class Finish<T>
    where T : unmanaged
{
    private readonly IElementwise<T>[] rest;

    public Finish(IReadOnlyList<IElementwise<T>> functions)
    {
        Rectifies = functions.Count > 0 && functions[0].IsRectifier;
        if (Rectifies && functions[0].Bound is { } bound) (IsBounded, Bound) = (true, bound);
        rest = [.. functions.Skip(Rectifies ? 1 : 0)];
    }

    /// <summary>Nothing at all.</summary>
    public static Finish<T> None { get; } = new([]);

    /// <summary>Whether the first is max(x, 0): the kernel's own work.</summary>
    public bool Rectifies { get; }

    /// <summary>Whether that has a bound above, which is the kernel's own work too.</summary>
    public bool IsBounded { get; }

    /// <summary>The bound.</summary>
    public T Bound { get; }

    /// <summary>Whether there is anything beside.</summary>
    public bool HasRest => rest.Length > 0;

    /// <summary>All functions but a leading rectifier.</summary>
    public void ApplyRest(T* values, nint count)
    {
        foreach (var function in rest) function.Apply(new Span<T>(values, (int)count));
    }
}
