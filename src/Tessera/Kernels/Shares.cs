namespace Tessera.Kernels;

/// <summary>Work cut into parts of which none is longer than another by more than one, the longer ones first: threads that take part after part then end at about the same time.</summary>
internal static class Shares
{
    /// <summary>What a part has of <paramref name="count"/> pieces.</summary>
    public static (int First, int End) Of(long count, int parts, int part)
    {
        var (least, more) = Math.DivRem(count, parts);
        var first = (part * least) + Math.Min(part, more);
        return ((int)first, (int)(first + least + (part < more ? 1 : 0)));
    }
}
