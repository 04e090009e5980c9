using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

public class ScheduleTests
{
    private static readonly Schedule[] All = [new ConstantSchedule(), new StepSchedule { Every = 2 }, new CosineSchedule(), new OneCycleSchedule()];

    [Fact]
    public void Constant_is_the_rate() => Assert.All(Rates(new ConstantSchedule()), rate => Assert.Equal(0.4, rate));

    [Fact]
    public void Steps_fall_by_the_factor_every_so_many_epochs()
    {
        var rates = Rates(new StepSchedule { Every = 2, Factor = 0.5 });
        Assert.All(rates[..20], rate => Assert.Equal(0.4, rate));
        Assert.All(rates[20..40], rate => Assert.Equal(0.2, rate));
        Assert.All(rates[40..], rate => Assert.Equal(0.1, rate));
    }

    [Fact]
    public void Cosine_begins_at_the_rate_is_half_way_in_the_middle_and_ends_at_the_final_part()
    {
        var schedule = new CosineSchedule { Final = 0.25 };
        Assert.Equal(0.4, schedule.Rate(0.4, 0, 1, 11));
        Assert.Equal(0.25, schedule.Rate(0.4, 5, 1, 11), 1e-12);
        Assert.Equal(0.1, schedule.Rate(0.4, 10, 1, 11), 1e-12);
        Assert.Equal(0.1, schedule.Rate(0.4, 1000, 1, 11), 1e-12);
    }

    [Fact]
    public void One_cycle_rises_falls_and_ends_low()
    {
        // 10 steps: up over steps 0 to 2 (0.3·10 − 1), down over steps 2 to 9.
        var rates = Enumerable.Range(0, 10).Select(step => new OneCycleSchedule().Rate(0.4, step, 1, 10)).ToArray();
        Assert.Equal(0.4 / 25, rates[0], 1e-12);
        Assert.Equal((0.4 + (0.4 / 25)) / 2, rates[1], 1e-12);
        Assert.Equal(0.4, rates[2], 1e-12);
        Assert.Equal(0.4 / 25 / 1e4, rates[9], 1e-12);
        Assert.Equal(rates[2..].OrderDescending(), rates[2..]);
    }

    [Fact]
    public void A_warm_up_rises_in_equal_parts_to_where_the_rule_begins()
    {
        var rates = Rates(new CosineSchedule { WarmUpSteps = 2, WarmUpEpochs = 0.3 });
        Assert.Equal([0.08, 0.16, 0.24, 0.32, 0.4, 0.4], rates[..6].Select(rate => Math.Round(rate, 12)));
        Assert.Equal(0, rates[^1], 1e-12);
    }

    [Fact]
    public void Every_rate_is_between_nothing_and_the_full_rate()
    {
        foreach (var schedule in All)
        {
            foreach (var warmUp in new[] { 0, 1, 3 })
            {
                for (var epochs = 1; epochs < 5; epochs++)
                {
                    for (var step = 0; step < (4 * epochs) + 2; step++)
                        Assert.InRange((schedule with { WarmUpSteps = warmUp }).Rate(1, step, 4, epochs), 0, 1);
                }
            }
        }
    }

    [Fact]
    public void What_makes_no_sense_is_refused_with_the_setting_named()
    {
        Refused("a warm-up of 20 steps leaves nothing of a training of 20 steps", new ConstantSchedule { WarmUpEpochs = 2 });
        Refused("Factor is 0", new StepSchedule { Factor = 0 });
        Refused("Every is 0", new StepSchedule { Every = 0 });
        Refused("Final is 2", new CosineSchedule { Final = 2 });
        Refused("Rise is 1", new OneCycleSchedule { Rise = 1 });
        Refused("InitialDivisor is 0.5", new OneCycleSchedule { InitialDivisor = 0.5 });
        Refused("WarmUpSteps is -1", new OneCycleSchedule { WarmUpSteps = -1 });

        static void Refused(string text, Schedule schedule) =>
            Assert.Contains(text, Assert.Throws<ArgumentException>(() => schedule.Rate(1, 0, 10, 2)).Message);
    }

    private static double[] Rates(Schedule schedule) => [.. Enumerable.Range(0, 60).Select(step => schedule.Rate(0.4, step, 10, 6))];
}
