using System.Globalization;

namespace Tessera.Training;

/// <summary>What an <see cref="InvarianceProbe{T}"/> looks at.</summary>
public sealed record InvarianceDescription
{
    /// <summary>The layer that takes maxima, a max pooling over positions or over channels; null for the network's first.</summary>
    public string? Layer { get; init; }

    /// <summary>How far samples are turned either way, in degrees: a multiple of <see cref="Step"/>, at most 180.</summary>
    public double Degrees { get; init; } = 90;

    /// <summary>The angle between one look and the next, in degrees.</summary>
    public double Step { get; init; } = 15;

    /// <summary>How many samples, from the first, the changes are averaged over; at least 2.</summary>
    public int Samples { get; init; } = 200;

    /// <summary>How many pooled features of the one sample are shown with their members, each of another channel.</summary>
    public int Features { get; init; } = 4;

    /// <summary>The angles from −Degrees to Degrees; 0 stands in the middle.</summary>
    /// <exception cref="ArgumentException">A setting makes no sense.</exception>
    public IReadOnlyList<double> Angles()
    {
        if (!(Degrees > 0 && Degrees <= 180)) throw Wrong($"samples are turned by up to {Degrees} degrees; give more than 0 and at most 180.");
        if (!(Step > 0 && Step <= Degrees) || Math.Abs((Degrees / Step) - Math.Round(Degrees / Step)) > 1e-9)
            throw Wrong($"steps of {Step} degrees do not divide {Degrees} degrees evenly; give steps such as {Degrees / 6}.");
        if (Degrees / Step > 90) throw Wrong($"steps of {Step} degrees make {2 * Math.Round(Degrees / Step)} looks; give steps of at least {Degrees / 90}.");
        if (Samples < 2) throw Wrong($"changes are averaged over {Samples} samples; at least 2 are needed, since a change is measured against the distance between two.");
        if (Features < 1) throw Wrong($"{Features} features are to be shown; give at least 1.");
        var half = (int)Math.Round(Degrees / Step);
        return [.. Enumerable.Range(-half, (2 * half) + 1).Select(i => i * Step)];
    }

    private static ArgumentException Wrong(FormattableString message) => new("invariance: " + message.ToString(CultureInfo.InvariantCulture));
}
