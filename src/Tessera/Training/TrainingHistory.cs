namespace Tessera.Training;

/// <summary>What follows from the epochs so far alone, so that a resumed training decides as it would have.</summary>
internal static class TrainingHistory
{
    /// <summary>The place of the best epoch in the history, the first of equals; −1 for none.</summary>
    public static int Best(IReadOnlyList<EpochMetrics> history, QualityMeasure measure)
    {
        var best = -1;
        for (var i = 0; i < history.Count; i++)
        {
            if (best < 0 || IsBetter(history[i], history[best], measure)) best = i;
        }

        return best;
    }

    /// <summary>Whether for as many epochs as patience asks none was better than those before by more than the minimum change.</summary>
    public static bool ShouldStop(IReadOnlyList<EpochMetrics> history, QualityMeasure measure, EarlyStopping? rule)
    {
        if (rule is null) return false;
        var (best, since) = (double.NegativeInfinity, 0);
        foreach (var epoch in history)
        {
            var quality = Quality(epoch, measure);
            if (quality - best > rule.MinimumChange) (best, since) = (quality, 0);
            else since++;
        }

        return since >= rule.Patience;
    }

    private static bool IsBetter(EpochMetrics epoch, EpochMetrics other, QualityMeasure measure)
    {
        var (quality, otherQuality) = (Quality(epoch, measure), Quality(other, measure));
        return quality > otherQuality || (quality == otherQuality && Quality(epoch, QualityMeasure.Loss) > Quality(other, QualityMeasure.Loss));
    }

    /// <summary>Higher is better.</summary>
    private static double Quality(EpochMetrics epoch, QualityMeasure measure) => measure == QualityMeasure.Accuracy
        ? (epoch.ValidationLoss is null ? epoch.Accuracy : epoch.ValidationAccuracy) ?? double.NegativeInfinity
        : -(epoch.ValidationLoss ?? epoch.Loss);
}
