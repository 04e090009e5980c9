using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Onnx.Import;

namespace Tessera.Onnx.Tests.Conformance;

/// <summary>One of ONNX's own test cases: a model, its inputs and the outputs that it must give.</summary>
/// <param name="Name">Its suite and its name.</param>
/// <param name="Model">The model.</param>
/// <param name="InputData">The inputs in the model's order, each a TensorProto.</param>
/// <param name="OutputData">The outputs.</param>
internal sealed record ConformanceCase(string Name, ReadOnlyMemory<byte> Model, IReadOnlyList<ReadOnlyMemory<byte>> InputData, IReadOnlyList<ReadOnlyMemory<byte>> OutputData)
{
    /// <summary>Operators whose first axis is the batch by their definition.</summary>
    private static readonly HashSet<string> Batched =
    [
        "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool", "MaxUnpool", "BatchNormalization", "InstanceNormalization",
        "GroupNormalization", "LRN", "DepthToSpace", "SpaceToDepth", "PRelu", "Resize", "Upsample", "Pad", "Clip",
    ];

    /// <summary>Why the case is not read; null where its outputs are what they must be.</summary>
    /// <exception cref="InvalidOperationException">It is read, and an output is wrong.</exception>
    public string? Run()
    {
        try
        {
            Check();
            return null;
        }
        catch (InvalidDataException exception)
        {
            return exception.Message.Replace($"{Name}: ", "", StringComparison.Ordinal);
        }
    }

    private void Check()
    {
        var model = ModelReader.Parse(Model, Name);
        OnnxTensor[] inputs = [.. InputData.Select((data, index) => Tensor(data, model.Graph.Inputs[index]))];
        OnnxTensor[] outputs = [.. OutputData.Select((data, index) => Tensor(data, model.Graph.Outputs[index]))];
        var initialised = model.Graph.Initialisers.Select(static tensor => tensor.Name).ToHashSet();
        // Whole numbers are the network's where there are no others and they are given back.
        var main = inputs.FirstOrDefault(input => !initialised.Contains(input.Name) && input.Element.IsReal() && input.Dimensions.Count > 0)
            ?? (inputs.Length > 0 && Batched.Contains(model.Graph.Nodes[0].Operator) && !initialised.Contains(inputs[0].Name) && inputs[0].Dimensions.Count > 1 ? inputs[0] : null);
        var isBatched = main is { Dimensions.Count: > 1 } && model.Graph.Nodes.Any(static node => Batched.Contains(node.Operator));
        try
        {
            Check(model, inputs, outputs, main, isBatched);
        }
        catch (InvalidDataException asBatch) when (isBatched)
        {
            try
            {
                Check(model, inputs, outputs, main, isBatched: false);
            }
            catch (InvalidDataException)
            {
                throw asBatch;
            }
        }
    }

    /// <summary>NumPy has no bfloat16, so that the cases hold its bits as whole numbers.</summary>
    private OnnxTensor Tensor(ReadOnlyMemory<byte> data, OnnxValue value)
    {
        var tensor = ModelReader.ParseTensor(data, Name) with { Name = value.Name };
        return value.Element == OnnxElement.BFloat16 && tensor.Element == OnnxElement.UInt16 ? tensor with { Element = OnnxElement.BFloat16 } : tensor;
    }

    private void Check(OnnxModel model, OnnxTensor[] inputs, OnnxTensor[] outputs, OnnxTensor? main, bool isBatched)
    {
        var folded = main is null || !Array.Exists(outputs, static output => output.Element.IsReal()) ? Folded(model, inputs, main is null) : [];
        if (main is null || (folded.Count > 0 && folded.All(static numbers => numbers is not null)))
        {
            for (var index = 0; index < outputs.Length; index++)
            {
                var numbers = folded[index] ?? throw new InvalidDataException("nothing in it is a real number");
                Compare(outputs[index], numbers.Shape, numbers.Values);
            }

            return;
        }

        var options = new OnnxImportOptions
        {
            Input = main.Name,
            InputShape = isBatched ? main.Shape.From(1) : main.Shape,
            FirstAxisIsBatch = isBatched,
            Tensors = [.. inputs.Where(input => input.Name != main.Name)],
        };
        var imported = OnnxImport.Parse(Model, Name, options);
        var execution = new NetworkExecution<float>(imported.Network, imported.Parameters, isBatched ? main.Dimensions[0] : 1);
        var values = new float[main.Count];
        main.CopyTo(values);
        execution.Forward(new ReadOnlyTensorSpan<float>(values, execution.InputShape.ToLengths()));
        foreach (var (expected, (_, layer)) in outputs.Zip(imported.Outputs))
        {
            var activation = execution.Activation(layer);
            var actual = new float[activation.FlattenedLength];
            activation.FlattenTo(actual);
            var hasBatch = !isBatched && imported.Network.Find(layer) is not Constant;
            Compare(expected, Sizes.Of(activation.Lengths).From(hasBatch ? 1 : 0), Array.ConvertAll(actual, static value => (double)value));
        }
    }

    /// <summary>What gives whole numbers may be computed of shapes alone, while importing; nothing where it cannot and there is another way.</summary>
    private IReadOnlyList<NumberArray?> Folded(OnnxModel model, OnnxTensor[] inputs, bool isOnlyWay)
    {
        try
        {
            return new GraphImport(model, Name, new OnnxImportOptions { Tensors = inputs }).Fold();
        }
        catch (InvalidDataException) when (!isOnlyWay)
        {
            return [];
        }
    }

    private void Compare(OnnxTensor expected, Sizes shape, double[] actual)
    {
        if (shape != expected.Shape) throw new InvalidOperationException($"{Name}: an output is {shape} and not {expected.Shape}.");
        var wanted = expected.ToDoubles();
        for (var index = 0; index < wanted.Length; index++)
        {
            // Networks compute in float here, also where the case is in double.
            float want = (float)wanted[index], got = InPrecisionOf(expected.Element, (float)actual[index]);
            if (want.Equals(got) || Math.Abs(want - got) <= 1e-5f + (1e-4f * Math.Abs(want))) continue;
            throw new InvalidOperationException(FormattableString.Invariant($"{Name}: output element {index} is {actual[index]} and not {wanted[index]}."));
        }
    }

    /// <summary>Networks compute in float also what a model has in fewer digits.</summary>
    private static float InPrecisionOf(OnnxElement element, float value)
    {
        if (element == OnnxElement.Float16) return (float)(Half)value;
        if (element != OnnxElement.BFloat16) return value;
        // The cases' numbers are cut to it, not rounded.
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000);
    }
}
