using Tessera.Files;

namespace Tessera.Weights;

/// <summary>What a file says of one of its tensors.</summary>
internal readonly record struct StoredTensor(string Name, ElementType Type, Sizes Shape);
