using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

public class MetricsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_confusion_matrix_counts_precision_and_recall()
    {
        var matrix = new ConfusionMatrix(3);
        foreach (var (actual, predicted) in new[] { (0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (1, 0) }) matrix.Add(actual, predicted);
        Assert.Equal((6, 4), (matrix.Total, matrix.Correct));
        Assert.Equal(4 / 6.0, matrix.Accuracy);
        Assert.Equal(2 / 3.0, matrix.Precision(0));
        Assert.Equal(2 / 3.0, matrix.Recall(1));
        Assert.True(double.IsNaN(matrix.Precision(2)) && double.IsNaN(matrix.Recall(2)));
        Assert.Equal(
            "            cat   dog   cow  recall\n"
            + "cat           2     1     0    66.7\n"
            + "dog           1     2     0    66.7\n"
            + "cow           0     0     0       -\n"
            + "precision  66.7  66.7     -\n",
            matrix.ToText(["cat", "dog", "cow"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Add(0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Add(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(1 << 20));
    }

    [Fact]
    public void An_epochs_line_is_read_back_to_the_bit()
    {
        var metrics = new EpochMetrics { Epoch = 12, Loss = 1 / 3.0, Accuracy = 0.1 + 0.2, ValidationLoss = null, ValidationAccuracy = 1, Rate = 1e-300, Seconds = Math.PI };
        Assert.Equal(metrics, EpochMetrics.ParseCsv(metrics.ToCsv()));
        Assert.Equal(EpochMetrics.CsvHeader.Split(',').Length, metrics.ToCsv().Split(',').Length);
    }

    [Fact]
    public void The_best_epoch_is_the_first_of_the_lowest_loss_or_of_the_highest_accuracy_with_the_lowest_loss()
    {
        EpochMetrics[] history = [Epoch(1, 3, 0.5), Epoch(2, 1, 0.7), Epoch(3, 2, 0.9), Epoch(4, 1, 0.9), Epoch(5, 1, 0.9)];
        Assert.Equal(-1, TrainingHistory.Best([], QualityMeasure.Loss));
        Assert.Equal(1, TrainingHistory.Best(history, QualityMeasure.Loss));
        Assert.Equal(3, TrainingHistory.Best(history, QualityMeasure.Accuracy));
        // Validation, where there is any, says which is best.
        Assert.Equal(0, TrainingHistory.Best([.. history.Select(epoch => epoch with { ValidationLoss = epoch.Epoch, ValidationAccuracy = 0 })], QualityMeasure.Loss));
    }

    [Fact]
    public void Early_stopping_waits_for_more_than_the_minimum_change()
    {
        EpochMetrics[] history = [Epoch(1, 3, 0), Epoch(2, 2, 0), Epoch(3, 1.95, 0), Epoch(4, 1.91, 0)];
        Assert.False(TrainingHistory.ShouldStop(history, QualityMeasure.Loss, null));
        Assert.False(TrainingHistory.ShouldStop(history, QualityMeasure.Loss, new EarlyStopping(1)));
        Assert.True(TrainingHistory.ShouldStop(history, QualityMeasure.Loss, new EarlyStopping(2, 0.1)));
        Assert.False(TrainingHistory.ShouldStop(history, QualityMeasure.Loss, new EarlyStopping(3, 0.1)));
        // Small changes add up to one that counts.
        Assert.False(TrainingHistory.ShouldStop([.. history, Epoch(5, 1.85, 0)], QualityMeasure.Loss, new EarlyStopping(1, 0.1)));
    }

    [Fact]
    public void Predictions_are_probabilities_in_the_order_of_the_examples()
    {
        var data = ToyTask.Patterns(20);
        var trainer = ToyTask.Trainer(ToyTask.Training with { ValidationFraction = 0 }, data);
        var evaluator = new Evaluator<float>(trainer.Model.Network, trainer.Parameters, new CrossEntropy(), 8);
        var predictions = evaluator.Predict(data, Token);
        Assert.Equal(Enumerable.Range(0, 20), predictions.Select(prediction => prediction.Example));
        Assert.All(predictions, prediction => Assert.Equal(1, prediction.Scores.Sum(), 1e-12));
        Assert.All(predictions, prediction => Assert.Equal(prediction.Scores.Max(), prediction.Scores[prediction.Class]));
        var right = predictions.Count(prediction => prediction.Class == data.Label(prediction.Example));
        Assert.Equal(right / 20.0, evaluator.Evaluate(data, Token).Accuracy);
        Assert.Contains("samples: samples are 64", Assert.Throws<ArgumentException>(() => evaluator.Predict(data.WithSampleShape([64]), Token)).Message);
    }

    [Theory]
    [InlineData(0.4f, 1, 0)]
    [InlineData(-0.4f, 0, 0)]
    [InlineData(0.6f, 1, 1)]
    public void A_single_output_decides_at_half_way(float score, int byLogistic, int byDistance)
    {
        Assert.Equal(byLogistic, Classification.ClassOf<float>([score], new BinaryCrossEntropy()));
        Assert.Equal(byDistance, Classification.ClassOf<float>([score], new MeanSquaredError()));
    }

    private static EpochMetrics Epoch(int epoch, double loss, double accuracy) => new() { Epoch = epoch, Loss = loss, Accuracy = accuracy, Rate = 1, Seconds = 1 };
}
