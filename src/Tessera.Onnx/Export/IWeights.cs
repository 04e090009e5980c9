using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export;

/// <summary>
/// Where the weights of a graph come from. Writers say which element of a parameter stands at each place of an initialiser, so that the
/// same writers make a file from parameters and take parameters out of a file.
/// </summary>
internal interface IWeights
{
    /// <summary>An initialiser made of a parameter.</summary>
    /// <param name="parameter">The parameter's full name.</param>
    /// <param name="initialiser">The initialiser's name.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="places">For each element, the parameter's element that stands there, or −1 for 0; null where they are the same in the same order.</param>
    OnnxTensor Tensor(string parameter, string initialiser, Sizes shape, int[]? places);
}
