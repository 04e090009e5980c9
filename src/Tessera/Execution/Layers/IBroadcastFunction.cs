using System.Numerics;

namespace Tessera.Execution.Layers;

/// <summary>A function of two numbers that inputs of several shapes are combined by; of more inputs, from the first to the last.</summary>
internal interface IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Whether results or gradients may fall below normal numbers and are to be flushed.</summary>
    static abstract bool Decays { get; }

    /// <summary>Whether <see cref="Backward"/> reads the inputs.</summary>
    static abstract bool BackwardReadsInputs { get; }

    /// <summary>z = f(x, y); z may stand where x stands.</summary>
    static abstract void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z);

    /// <summary>The same with one y for all.</summary>
    static abstract void Forward(ReadOnlySpan<T> x, T y, Span<T> z);

    /// <summary>The same with one x for all.</summary>
    static abstract void Forward(T x, ReadOnlySpan<T> y, Span<T> z);

    /// <summary>
    /// One step from the output's gradient, which d holds at first, to an input's, which it holds after the step with each of the others;
    /// the inputs are empty where it does not read them.
    /// </summary>
    /// <param name="input">The number of the input.</param>
    /// <param name="other">The number of the other input.</param>
    /// <param name="own">The input's elements.</param>
    /// <param name="others">The other input's elements.</param>
    /// <param name="d">The gradient, changed in place.</param>
    static abstract void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d);
}
