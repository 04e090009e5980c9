using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tessera.Training;

/// <summary>One optimiser's equation on a vector of parameters; how many states it has is known to the compiler.</summary>
internal interface IUpdateRule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The number of state tensors, 0 to 2.</summary>
    static abstract int States { get; }

    /// <summary>The parameters after the step; states are changed in place.</summary>
    Vector<T> Apply(Vector<T> weights, Vector<T> gradients, ref Vector<T> first, ref Vector<T> second);
}

/// <summary><see cref="Sgd"/> without momentum.</summary>
internal readonly struct PlainRule<T>(double rate, double decay) : IUpdateRule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> rate = new(T.CreateTruncating(rate));
    private readonly Vector<T> decay = new(T.CreateTruncating(decay));

    public static int States => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Apply(Vector<T> weights, Vector<T> gradients, ref Vector<T> first, ref Vector<T> second) =>
        weights - (rate * (gradients + (decay * weights)));
}

/// <summary><see cref="Sgd"/> with momentum; state: momentum.</summary>
internal readonly struct MomentumRule<T>(double rate, double decay, double momentum, bool nesterov) : IUpdateRule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> rate = new(T.CreateTruncating(rate));
    private readonly Vector<T> decay = new(T.CreateTruncating(decay));
    private readonly Vector<T> momentum = new(T.CreateTruncating(momentum));

    public static int States => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Apply(Vector<T> weights, Vector<T> gradients, ref Vector<T> first, ref Vector<T> second)
    {
        gradients += decay * weights;
        first = (momentum * first) + gradients;
        return weights - (rate * (nesterov ? gradients + (momentum * first) : first));
    }
}

/// <summary><see cref="Adam"/> with its decay in the gradient and <see cref="AdamW"/> with its decay in the weight; states: mean, square.</summary>
internal readonly struct AdamRule<T>(double rate, double decay, double shrinking, double beta1, double beta2, double epsilon, long step) : IUpdateRule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> rate = new(T.CreateTruncating(rate / (1 - Math.Pow(beta1, step))));
    private readonly Vector<T> decay = new(T.CreateTruncating(decay));
    private readonly Vector<T> kept = new(T.CreateTruncating(1 - shrinking));
    private readonly Vector<T> beta1 = new(T.CreateTruncating(beta1));
    private readonly Vector<T> rest1 = new(T.CreateTruncating(1 - beta1));
    private readonly Vector<T> beta2 = new(T.CreateTruncating(beta2));
    private readonly Vector<T> rest2 = new(T.CreateTruncating(1 - beta2));
    private readonly Vector<T> correction = new(T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(beta2, step))));
    private readonly Vector<T> epsilon = new(T.CreateTruncating(epsilon));

    public static int States => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Apply(Vector<T> weights, Vector<T> gradients, ref Vector<T> first, ref Vector<T> second)
    {
        gradients += decay * weights;
        first = (beta1 * first) + (rest1 * gradients);
        second = (beta2 * second) + (rest2 * gradients * gradients);
        return (kept * weights) - (rate * first / ((Vector.SquareRoot(second) * correction) + epsilon));
    }
}

/// <summary><see cref="RmsProp"/> without momentum; state: square.</summary>
internal readonly struct RmsPropRule<T>(double rate, double decay, double smoothing, double epsilon) : IUpdateRule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> rate = new(T.CreateTruncating(rate));
    private readonly Vector<T> decay = new(T.CreateTruncating(decay));
    private readonly Vector<T> smoothing = new(T.CreateTruncating(smoothing));
    private readonly Vector<T> rest = new(T.CreateTruncating(1 - smoothing));
    private readonly Vector<T> epsilon = new(T.CreateTruncating(epsilon));

    public static int States => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Apply(Vector<T> weights, Vector<T> gradients, ref Vector<T> first, ref Vector<T> second) =>
        weights - (rate * Direction(weights, gradients, ref first));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Direction(Vector<T> weights, Vector<T> gradients, ref Vector<T> square)
    {
        gradients += decay * weights;
        square = (smoothing * square) + (rest * gradients * gradients);
        return gradients / (Vector.SquareRoot(square) + epsilon);
    }
}

/// <summary><see cref="RmsProp"/> with momentum; states: square, momentum.</summary>
internal readonly struct RmsPropMomentumRule<T>(double rate, double decay, double smoothing, double epsilon, double momentum) : IUpdateRule<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly RmsPropRule<T> plain = new(rate, decay, smoothing, epsilon);
    private readonly Vector<T> rate = new(T.CreateTruncating(rate));
    private readonly Vector<T> momentum = new(T.CreateTruncating(momentum));

    public static int States => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Apply(Vector<T> weights, Vector<T> gradients, ref Vector<T> first, ref Vector<T> second)
    {
        second = (momentum * second) + plain.Direction(weights, gradients, ref first);
        return weights - (rate * second);
    }
}
