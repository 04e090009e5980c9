using Tessera.Files;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>The model that <c>tessera train</c> trains where none is given: samples/mnist.json, which the tool carries within it.</summary>
internal static class BuiltInModel
{
    /// <summary>Reads it.</summary>
    public static ModelDescription Read()
    {
        using var stream = typeof(BuiltInModel).Assembly.GetManifestResourceStream("models/mnist.json")
            ?? throw new InvalidOperationException("The tool was built without its model.");
        using var reader = new StreamReader(stream);
        return ModelJson.Parse(reader.ReadToEnd(), "mnist.json");
    }
}
