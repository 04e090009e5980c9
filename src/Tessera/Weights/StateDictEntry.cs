namespace Tessera.Weights;

/// <summary>One tensor of a state_dict and the parameter that it is.</summary>
/// <param name="Name">Its name in the state_dict, such as <c>0.weight</c>.</param>
/// <param name="Shape">Its shape there.</param>
/// <param name="Parameter">The full name of the network's parameter, such as <c>conv1.kernel</c>.</param>
public sealed record StateDictEntry(string Name, Sizes Shape, string Parameter);
