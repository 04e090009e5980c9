namespace Tessera.Training;

/// <summary>One pooled feature of one sample as it turns: what each of its members says at every angle, and so which of them is the maximum.</summary>
/// <param name="Channel">The pooled feature's channel.</param>
/// <param name="Position">Its position in the pooled map.</param>
/// <param name="Members">What each member is: another tile's filter, another position of the same filter, or another channel's filter.</param>
/// <param name="Responses">The members' values at every angle: [member, angle], row-major.</param>
/// <param name="Winners">The member with the largest value, the first of equals, at every angle.</param>
public sealed record PooledFeature(int Channel, Sizes Position, IReadOnlyList<string> Members, IReadOnlyList<double> Responses, IReadOnlyList<int> Winners);
