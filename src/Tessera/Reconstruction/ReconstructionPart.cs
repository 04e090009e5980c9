using Tessera.Operators;

namespace Tessera.Reconstruction;

/// <summary>What one operator of a reconstruction model comes to, in elements.</summary>
/// <param name="Kind">What tables call it.</param>
/// <param name="Operator">The operator.</param>
/// <param name="Parameters">What it learns.</param>
/// <param name="ActivationElements">Images and codes that it keeps for the whole batch.</param>
/// <param name="LearningElements">Gradients, momenta and their like.</param>
/// <param name="Passes">Forward passes and transposes for the code of one example.</param>
internal sealed record ReconstructionPart(string Kind, ConvolutionDescription Operator, long Parameters, long ActivationElements, long LearningElements, int Passes = 1);
