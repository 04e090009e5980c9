using System.Numerics;

namespace Tessera.Reconstruction;

/// <summary>A tensor of a model by its name in files, such as <c>rbm1.kernel</c>; the values are the model's own memory.</summary>
internal readonly record struct NamedTensor<T>(string Name, Sizes Shape, T[] Values)
    where T : unmanaged, IFloatingPointIeee754<T>;
