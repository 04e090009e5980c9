using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Reconstruction;

/// <summary>
/// The exact distribution of a machine of few units, by going through all states of its visible or of its hidden units, whichever side has fewer; the
/// other side is summed (or, where Gaussian, integrated) in closed form.
/// </summary>
internal sealed class RbmEnumeration<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The most states that are gone through, as an exponent of 2.</summary>
    public const int MostBits = 20;

    private readonly Rbm<T> machine;
    private readonly bool overHidden;
    private readonly long states;
    private readonly T[] visible;
    private readonly T[] hidden;
    private readonly T[] laidBias;
    private readonly double[] logWeights;

    /// <exception cref="InvalidOperationException">There are too many states, or hidden units are rectified.</exception>
    public RbmEnumeration(Rbm<T> machine)
    {
        this.machine = machine;
        if (machine.Description.Hidden != HiddenUnits.Binary)
        {
            throw new InvalidOperationException($"{machine.Description.Label}: rectified hidden units have no states to go through; an exact partition function is for binary hidden units.");
        }

        var geometry = machine.Run.Plan.Geometry;
        var bits = Bits(machine.Description, geometry);
        if (bits > MostBits)
        {
            throw new InvalidOperationException(
                $"{machine.Description.Label}: {machine.Units.Visible} visible and {machine.Units.Hidden} hidden units have more states than {MostBits} binary units, which is the most that are gone through; estimate the partition function, or use fewer units.");
        }

        overHidden = machine.Description.Visible == VisibleUnits.Gaussian || machine.Description.HiddenStateBits(geometry) <= machine.Units.Visible;
        states = (long)Math.Round(Math.Pow(2, bits));
        visible = new T[machine.VisibleElements];
        hidden = new T[machine.HiddenElements];
        laidBias = new T[machine.HiddenElements];
        logWeights = new double[machine.Batch];
        machine.HiddenInputs(visible, laidBias);
    }

    /// <summary>The states of the smaller side, as an exponent of 2.</summary>
    public static double Bits(RbmDescription description, OperatorGeometry geometry)
    {
        var hidden = description.HiddenStateBits(geometry);
        return description.Visible == VisibleUnits.Gaussian ? hidden : Math.Min(geometry.InputChannels * geometry.InputSize.Product, hidden);
    }

    /// <summary>log Z.</summary>
    public double LogPartition()
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (long first = 0; first < states; first += machine.Batch)
        {
            var count = Weigh(first);
            foreach (var weight in logWeights.AsSpan(0, count))
            {
                if (weight > largest) (sum, largest) = ((sum * Math.Exp(largest - weight)) + 1, weight);
                else sum += Math.Exp(weight - largest);
            }
        }

        return largest + Math.Log(sum);
    }

    /// <summary>Takes the mean of the statistics −∂E/∂θ under the machine's own distribution, the exact negative phase, away from gradients.</summary>
    public void SubtractStatistics(double logPartition, Span<T> kernel, Span<T> hiddenBias, Span<T> visibleBias)
    {
        for (long first = 0; first < states; first += machine.Batch)
        {
            var count = Weigh(first);
            if (overHidden) machine.Units.VisibleMeans(visible, machine.VisibleBiasValues);
            else machine.HiddenMeans(visible, hidden);
            for (var n = 0; n < machine.Batch; n++)
            {
                // A probability on each side: of v or h here, of its partner by means given it. The visible bias has v with the weight.
                var weight = n < count ? T.CreateTruncating(Math.Exp(logWeights[n] - logPartition)) : T.Zero;
                var h = hidden.AsSpan(n * machine.Units.Hidden, machine.Units.Hidden);
                TensorPrimitives.Multiply(h, -weight, h);
                var v = visible.AsSpan(n * machine.Units.Visible, machine.Units.Visible);
                var positions = v.Length / visibleBias.Length;
                for (var c = 0; c < visibleBias.Length; c++) visibleBias[c] -= weight * TensorPrimitives.Sum<T>(v.Slice(c * positions, positions));
            }

            machine.Run.KernelGradient(visible, hidden, kernel, hiddenBias, accumulate: true);
        }
    }

    /// <summary>Lays out the states from a running number on and weighs each, the other side summed out: −F(v), or log Σ_v exp(−E(v, h)). Gives how many there are.</summary>
    private int Weigh(long first)
    {
        var count = (int)Math.Min(machine.Batch, states - first);
        for (var n = 0; n < machine.Batch; n++)
        {
            var number = n < count ? first + n : 0;
            if (overHidden)
            {
                machine.Units.NumberedState(number, hidden.AsSpan(n * machine.Units.Hidden, machine.Units.Hidden));
                continue;
            }

            for (var i = 0; i < machine.Units.Visible; i++) visible[(n * machine.Units.Visible) + i] = ((number >> i) & 1) == 0 ? T.Zero : T.One;
        }

        if (!overHidden)
        {
            machine.FreeEnergy(visible, logWeights);
            TensorPrimitives.Negate(logWeights, logWeights);
            return count;
        }

        machine.Run.InputGradient(machine.KernelValues, hidden, visible);
        for (var n = 0; n < count; n++) logWeights[n] = HiddenTerm(n);
        return count;
    }

    /// <summary>
    /// log Σ_v exp(−E(v, h)) with a = A(K)ᵀ h: Σ h b + Σ log(1 + exp(a + c)); for Gaussian units Σ h b + Σ (c a + ½ a² + ½ log 2π).
    /// </summary>
    private double HiddenTerm(int example)
    {
        double term = 0;
        for (var j = example * machine.Units.Hidden; j < (example + 1) * machine.Units.Hidden; j++)
        {
            term += double.CreateTruncating(hidden[j]) * double.CreateTruncating(laidBias[j]);
        }

        var positions = machine.Units.Visible / machine.VisibleBiasValues.Length;
        for (var i = 0; i < machine.Units.Visible; i++)
        {
            var (a, c) = (double.CreateTruncating(visible[(example * machine.Units.Visible) + i]), double.CreateTruncating(machine.VisibleBiasValues[i / positions]));
            term += machine.Description.Visible == VisibleUnits.Gaussian ? (c * a) + (0.5 * a * a) + (0.5 * Math.Log(2 * Math.PI)) : RbmUnits<T>.Softplus(a + c);
        }

        return term;
    }
}
